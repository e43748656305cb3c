import { applyDecorators, Controller, UseFilters, UsePipes, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from '@nestjs/common';
import { Problem, ProblemFilter } from '@stepwell/platform';

/**
 * A cold route: a controller whose query is a DTO. Unknown parameters are refused, so that a misspelt filter never means "all"
 * (protocol.md 13.4). It lives beside its noun and has one line in `endpoints.ts`.
 */
export const Endpoint = (path: string): ClassDecorator =>
  applyDecorators(Controller(path), UseFilters(ProblemFilter), UsePipes(queryPipe));

const queryPipe = new ValidationPipe({
  transform: true,
  whitelist: true,
  forbidNonWhitelisted: true,
  stopAtFirstError: true,
  validationError: { target: false, value: false },
  exceptionFactory: (errors: ValidationError[]) =>
    new Problem('INVALID_QUERY', errors.flatMap(({ constraints }) => Object.values(constraints ?? {})).join('; ')),
});
