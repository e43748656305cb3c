import 'reflect-metadata';
import type { ServiceName } from '@stepwell/core';
import { asks } from '@stepwell/core';
import { PATTERN_METADATA } from '@nestjs/microservices/constants';
import type { AskHandler } from '../driver/bus-driver';
import { handlerPattern } from '../nest/handler.decorators';

/**
 * The ask handlers that controllers bind with `@Answers`, for who composes a service's parts without a Nest application: thousands of
 * processes in one test. Complete like a service's own.
 */
export function boundAskHandlers(owner: ServiceName, controllers: readonly object[]): Map<string, AskHandler> {
  const bound = new Map<string, AskHandler>();
  for (const controller of controllers) {
    for (const [pattern, handler] of handlersOf(controller)) bound.set(pattern, handler);
  }
  const names = Object.values(asks).filter((ask) => ask.owner === owner);
  return new Map(
    names.map((ask) => {
      const handler = bound.get(handlerPattern(ask));
      if (handler === undefined) throw new Error(`${handlerPattern(ask)} has no handler`);
      return [ask.name, handler];
    }),
  );
}

function* handlersOf(controller: object): Iterable<[string, AskHandler]> {
  const prototype = Object.getPrototypeOf(controller) as Record<string, unknown>;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const method = prototype[name];
    if (typeof method !== 'function') continue;
    const patterns: unknown = Reflect.getMetadata(PATTERN_METADATA, method);
    if (Array.isArray(patterns)) yield [String(patterns[0]), method.bind(controller) as AskHandler];
  }
}
