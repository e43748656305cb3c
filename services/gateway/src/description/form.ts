import type { Type } from '@nestjs/common';

/*
 * Forms of JSON, for descriptions of operations. A form is named by a class whose decorators (class-validator) say what its properties
 * are; the same class is the type that the code answers with, so that what is said and what is done cannot part. No object is ever
 * made of such a class.
 */

export type FormSource =
  | { readonly type: Type }
  | { readonly list: FormSource }
  | { readonly anyOf: readonly FormSource[] }
  /** A JSON schema that is there anyway: a body is validated by it. */
  | { readonly schema: object; readonly name?: string };

/** `T` is the type of what has the form, in the code. */
export interface Form<T> {
  readonly source: FormSource;
  readonly of?: T;
}

/** A form, or the class that names one. */
export type Formed<T> = Form<T> | Type<T>;

export const listOf = <T>(item: Formed<T>): Form<readonly T[]> => ({ source: { list: sourceOf(item) } });

export const either = <One, Other>(one: Formed<One>, other: Formed<Other>): Form<One | Other> => ({
  source: { anyOf: [sourceOf(one), sourceOf(other)] },
});

/** JSON that is passed on as the bytes its owner wrote. */
export const asBytes = (form: Formed<unknown>): Form<Buffer> => ({ source: sourceOf(form) });

export const named = (name: string, schema: object): Form<unknown> => ({ source: { name, schema } });

/** `{}` */
export const nothing: Form<Record<string, never>> = { source: { schema: { type: 'object', maxProperties: 0 } } };

export const sourceOf = (form: Formed<unknown>): FormSource =>
  typeof form === 'function' ? { type: form } : form.source;
