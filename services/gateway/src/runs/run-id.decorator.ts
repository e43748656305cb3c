import type { ExecutionContext } from '@nestjs/common';
import { createParamDecorator } from '@nestjs/common';
import { isRunId, RUN_ID_FORM } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import type { FastifyRequest } from 'fastify';
import { rawId } from '../http/raw-target';

/** The run id of the path, which the router never decoded. @throws Problem INVALID_RUN_ID */
export const RunId = createParamDecorator((_: undefined, context: ExecutionContext): string => {
  const { originalUrl } = context.switchToHttp().getRequest<FastifyRequest>();
  const runId = rawId(originalUrl, '/v2/workflows/runs/');
  return checked(runId);
});

/** The run id of a path that was escaped like any other, and decoded by the router. @throws Problem INVALID_RUN_ID */
export const EncodedRunId = createParamDecorator((_: undefined, context: ExecutionContext): string => {
  const { params } = context.switchToHttp().getRequest<FastifyRequest<{ Params: { readonly runId: string } }>>();
  return checked(params.runId);
});

function checked(runId: string): string {
  if (!isRunId(runId)) throw new Problem('INVALID_RUN_ID', RUN_ID_FORM);
  return runId;
}
