import type { ServerResponse } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import { createParamDecorator } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

/** The client closed its connection before it was answered: nobody is left to answer to. */
export class ClientHungUp extends Error {
  constructor() {
    super('the client hung up before it was answered');
    this.name = 'ClientHungUp';
  }
}

/** Aborted when the client goes away before its answer was written. */
export function hangUpSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new ClientHungUp());
  });
  return controller.signal;
}

/** {@link hangUpSignal} of the request at hand, for an endpoint's parameter. */
export const HangUp = createParamDecorator((_: undefined, context: ExecutionContext): AbortSignal =>
  hangUpSignal(context.switchToHttp().getResponse<FastifyReply>().raw),
);
