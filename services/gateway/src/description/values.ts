import type { Type } from '@nestjs/common';
import { applyDecorators } from '@nestjs/common';
import { IsArray, IsInt, Min, ValidateBy, ValidateNested } from 'class-validator';

/*
 * What decorators of DTOs say for the reference: properties of answers that are no mere texts or numbers (no answer is ever validated
 * by them), and what is special about a parameter. It is put into the decorators' contexts.
 */

export interface ReferenceContext {
  /** The class that a property is of. Later, since classes may name each other. */
  readonly of?: () => Type;
  /** One text with commas counts as a list. */
  readonly commaList?: true;
  /** Known, and refused. */
  readonly unserved?: true;
}

const context = (says: ReferenceContext): { readonly context: ReferenceContext } => ({ context: says });

export const COMMA_LIST = context({ commaList: true });
export const UNSERVED = context({ unserved: true });

export const IsOf = (type: () => Type): PropertyDecorator => ValidateNested(context({ of: type }));

export const IsListOf = (type: () => Type): PropertyDecorator =>
  applyDecorators(IsArray(), ValidateNested({ each: true, ...context({ of: type }) }));

export const HEADER_LISTS = 'isHeaderLists';

/** `{"Content-Type": ["text/plain"]}` */
export const IsHeaderLists = (): PropertyDecorator =>
  ValidateBy({ name: HEADER_LISTS, validator: { validate: (value) => typeof value === 'object' && value !== null } });

/** A whole number from 0 on: of things, or of milliseconds since 1970. */
export const IsCount = (): PropertyDecorator => applyDecorators(IsInt(), Min(0));
