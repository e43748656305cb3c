import type { ServerResponse } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import { createParamDecorator } from '@nestjs/common';
import type { GiveUpSignal } from '@stepwell/core';
import type { FastifyReply } from 'fastify';

/**
 * Aborted when the client goes away before its answer was written. Each request has one, and few are ever heard of: an AbortSignal for
 * each was a fiftieth of a whole step.
 */
class ClientHangUp implements GiveUpSignal {
  aborted = false;
  private listeners: (() => void)[] = [];

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.aborted) this.listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.listeners.indexOf(listener);
    if (at >= 0) this.listeners.splice(at, 1);
  }

  abort(): void {
    this.aborted = true;
    const listeners = this.listeners;
    this.listeners = [];
    for (const listener of listeners) listener();
  }
}

export function hangUpSignal(response: ServerResponse): GiveUpSignal {
  const hangUp = new ClientHangUp();
  response.once('close', () => {
    if (!response.writableFinished) hangUp.abort();
  });
  return hangUp;
}

/** {@link hangUpSignal} of the request at hand, for an endpoint's parameter. */
export const HangUp = createParamDecorator((_: undefined, context: ExecutionContext): GiveUpSignal =>
  hangUpSignal(context.switchToHttp().getResponse<FastifyReply>().raw),
);
