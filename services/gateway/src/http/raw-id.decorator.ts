import type { ExecutionContext } from '@nestjs/common';
import { createParamDecorator } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { IdPrefix } from './raw-target';
import { rawId } from './raw-target';

/** The id behind that prefix of the path, which the router never decoded. */
export const RawId = createParamDecorator((prefix: IdPrefix, context: ExecutionContext): string =>
  rawId(context.switchToHttp().getRequest<FastifyRequest>().originalUrl, prefix),
);
