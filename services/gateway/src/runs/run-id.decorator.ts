import type { ExecutionContext } from '@nestjs/common';
import { createParamDecorator } from '@nestjs/common';
import { isRunId } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import type { FastifyRequest } from 'fastify';
import { rawRunId } from '../http/raw-target';

/** The run id of the path, which the router never decoded. @throws Problem INVALID_RUN_ID */
export const RunId = createParamDecorator((_: undefined, context: ExecutionContext): string => {
  const runId = rawRunId(context.switchToHttp().getRequest<FastifyRequest>().originalUrl);
  if (!isRunId(runId)) throw new Problem('INVALID_RUN_ID', 'a workflow run id has 1 to 512 printable ASCII characters');
  return runId;
});
