import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import { createParamDecorator } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

/** Aborted when the client goes away before its answer was written. */
export function hangUpSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  // A request for many things asks for many of them at a time.
  setMaxListeners(0, controller.signal);
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** {@link hangUpSignal} of the request at hand, for an endpoint's parameter. */
export const HangUp = createParamDecorator((_: undefined, context: ExecutionContext): AbortSignal =>
  hangUpSignal(context.switchToHttp().getResponse<FastifyReply>().raw),
);
