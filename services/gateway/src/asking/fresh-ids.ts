import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { idInRun } from '@stepwell/core';
import { randomText } from '@stepwell/platform';

/**
 * Ids that are made here, once per request (B3). 96 bits for what is unique within a run, 126 for a run.
 *
 * A class, so that who simulates the whole can make them from a seed.
 */
@Injectable()
export class FreshIds {
  message(runId: string): string {
    return idInRun('msg', randomText(12), runId);
  }

  /** As the clients make it (protocol.md 5.1). */
  run(): string {
    return `wfr_${randomText(16).slice(0, 21)}`;
  }

  /** By which a repeated ask is recognised. */
  request(): string {
    return randomUUID();
  }
}
