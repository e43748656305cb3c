import type { Type } from '@nestjs/common';
import { applyDecorators } from '@nestjs/common';
import { IsArray, IsInt, Min, ValidateBy, ValidateNested } from 'class-validator';

/* Properties of answers that are no mere texts or numbers. Nothing is validated by them: they are read for the reference. */

/** What an `IsOf` says besides: the class that a property is of. Later, since classes may name each other. */
export interface OfContext {
  readonly of: () => Type;
}

const context = (of: () => Type): { readonly context: OfContext } => ({ context: { of } });

export const IsOf = (type: () => Type): PropertyDecorator => ValidateNested(context(type));

export const IsListOf = (type: () => Type): PropertyDecorator =>
  applyDecorators(IsArray(), ValidateNested({ each: true, ...context(type) }));

export const HEADER_LISTS = 'isHeaderLists';

/** `{"Content-Type": ["text/plain"]}` */
export const IsHeaderLists = (): PropertyDecorator =>
  ValidateBy({ name: HEADER_LISTS, validator: { validate: (value) => typeof value === 'object' && value !== null } });

/** A whole number from 0 on: of things, or of milliseconds since 1970. */
export const IsCount = (): PropertyDecorator => applyDecorators(IsInt(), Min(0));
