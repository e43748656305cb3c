import { applyDecorators, Controller, UseFilters, UsePipes, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from '@nestjs/common';
import type { ErrorCode } from '@stepwell/core';
import { Problem, ProblemFilter } from '@stepwell/platform';
import type { ValidatorOptions } from 'class-validator';

/**
 * A cold route: a controller whose query is a DTO. Unknown parameters are refused, so that a misspelt filter never means "all"
 * (protocol.md 13.4). It lives beside its noun and has one line in `endpoints.ts`.
 */
export const Endpoint = (path: string): ClassDecorator =>
  applyDecorators(Controller(path), UseFilters(ProblemFilter), UsePipes(queryPipe));

export const STRICTLY = {
  whitelist: true,
  forbidNonWhitelisted: true,
  stopAtFirstError: true,
  validationError: { target: false, value: false },
} as const satisfies ValidatorOptions;

/** All that is wrong, in one sentence. */
export const problemOf = (code: ErrorCode, errors: readonly ValidationError[]): Problem =>
  new Problem(code, errors.flatMap(({ constraints }) => Object.values(constraints ?? {})).join('; '));

const queryPipe = new ValidationPipe({
  ...STRICTLY,
  transform: true,
  exceptionFactory: (errors: ValidationError[]) => problemOf('INVALID_QUERY', errors),
});
