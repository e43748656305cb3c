import 'reflect-metadata';
import type { ErrorCode, RequestHeader } from '@stepwell/core';
import type { Formed } from './form';

/**
 * What the API's reference (`deploy/docs/reference/openapi.yaml`) says of an operation beyond what the code says by itself: where it is,
 * what its query and its headers may be, how success is answered. Errors that any request may get are not listed.
 */
export interface OperationDescription<Answered> {
  /** Name of the operation in generated clients: it never changes. */
  readonly id: string;
  readonly tag: Tag;
  /** A phrase. */
  readonly summary: string;
  /** Sentences, in Markdown. */
  readonly details?: string;
  readonly body?: BodyDescription;
  readonly headers?: readonly RequestHeader[];
  readonly answer: Formed<Answered>;
  readonly errors: readonly DescribedError[];
}

export type Tag = 'Starts and steps' | 'Runs' | 'Events' | 'Messages' | 'Dead letters' | 'Server';

export interface BodyDescription {
  readonly details: string;
  readonly required: boolean;
  /** Absent = any bytes. */
  readonly json?: Formed<unknown>;
}

/** A code, with its status where that isn't the code's own. */
export type DescribedError = ErrorCode | readonly [code: ErrorCode, status: number];

const DESCRIPTION = 'stepwell:description';

/** Describes an endpoint's method, which has to return what the description says it answers with. */
export const Described =
  <Answered>(description: OperationDescription<Answered>) =>
  <Method extends (...args: never[]) => Answered | Promise<Answered>>(
    target: object,
    name: string | symbol,
    _method: TypedPropertyDescriptor<Method>,
  ): void => {
    Reflect.defineMetadata(DESCRIPTION, description, target, name);
  };

export const descriptionOf = (target: object, name: string): OperationDescription<unknown> | undefined =>
  Reflect.getMetadata(DESCRIPTION, target, name) as OperationDescription<unknown> | undefined;
