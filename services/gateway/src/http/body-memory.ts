import type { FastifyRequest } from 'fastify';
import { Injectable } from '@nestjs/common';
import { ByteBudget, Problem } from '@stepwell/platform';
import { GatewayConfig } from '../gateway.config';

/** Nobody waits for room for so little: the many small steps must not stand behind a few large bodies. */
export const SMALL_BYTES = 64 * 1024;

/**
 * Bounds the bytes of all large requests' bodies that are in memory at one time. A body is not read before there is room for it; its client,
 * whose connection is full meanwhile, waits, for as long as it would for an answer.
 */
@Injectable()
export class BodyMemory {
  private readonly budget: ByteBudget;

  constructor(private readonly config: GatewayConfig) {
    this.budget = new ByteBudget(config.bodyMemoryBytes);
  }

  /**
   * Calls back when the body may be read; in the same turn if there is room. What it holds is released with the answer.
   * @param done told a Problem UNAVAILABLE when there was no room for as long as the patience lasts
   */
  admit({ raw: request, raw: { headers } }: FastifyRequest, answered: (then: () => void) => void, done: Done): void {
    const sizeBytes = this.sizeOf(headers);
    if (sizeBytes <= SMALL_BYTES) {
      done();
      return;
    }
    const hold = this.budget.tryHold(sizeBytes);
    if (hold !== undefined) {
      answered(() => {
        hold.release();
      });
      done();
      return;
    }
    const patience = new AbortController();
    const tooLong = setTimeout(() => {
      patience.abort(new Problem('UNAVAILABLE', 'there are too many large requests at the moment'));
    }, this.config.patienceMs);
    answered(() => {
      patience.abort(new Problem('UNAVAILABLE', 'the client hung up'));
    });
    this.budget.hold(sizeBytes, patience.signal).then(
      (late) => {
        clearTimeout(tooLong);
        if (request.destroyed) late.release();
        else {
          answered(() => {
            late.release();
          });
          done();
        }
      },
      (error: unknown) => {
        clearTimeout(tooLong);
        done(error as Problem);
      },
    );
  }

  /** Of a length that isn't told, the worst; of one that is refused anyway, nothing. */
  private sizeOf(headers: FastifyRequest['headers']): number {
    const length = headers['content-length'];
    const { bodyLimitBytes } = this.config;
    if (length === undefined) return headers['transfer-encoding'] === undefined ? 0 : bodyLimitBytes;
    const sizeBytes = Number(length);
    return sizeBytes <= bodyLimitBytes ? sizeBytes : 0;
  }
}

type Done = (problem?: Problem) => void;
