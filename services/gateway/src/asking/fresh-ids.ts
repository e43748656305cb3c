import { randomBytes } from 'node:crypto';
import { idInRun } from '@stepwell/core';

/*
 * Ids that are made here, once per request (B3). 96 bits for what is unique within a run, 126 for a run.
 */

export const freshMessageId = (runId: string): string => idInRun('msg', randomBytes(12).toString('base64url'), runId);

/** As the clients make it (protocol.md 5.1). */
export const freshRunId = (): string => `wfr_${randomBytes(16).toString('base64url').slice(0, 21)}`;
