import type { ExecutionContext, Type } from '@nestjs/common';
import { createParamDecorator } from '@nestjs/common';
import { parseJsonObject } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import { problemOf, STRICTLY } from './endpoint.decorator';

/**
 * A JSON body in place of a query, as older clients and those of other languages send it (protocol.md 8.8, 17): read as strictly, since
 * what isn't understood of a filter means "all". Without a body nothing is said. @throws Problem INVALID_JSON, INVALID_BODY
 */
export const JsonBody = createParamDecorator((dto: Type<object>, context: ExecutionContext): object => {
  const { body } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!Buffer.isBuffer(body) || body.length === 0) return new dto();
  const json = parseJsonObject(body);
  if (json === undefined) throw new Problem('INVALID_JSON', 'the body must be a JSON object');
  const instance = plainToInstance(dto, json);
  const errors = validateSync(instance, STRICTLY);
  if (errors.length > 0) throw problemOf('INVALID_BODY', errors);
  return instance;
});
