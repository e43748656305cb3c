import { UseFilters } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { PARAM_ARGS_METADATA } from '@nestjs/microservices/constants';
import type { AskDefinition, Message, WorkContext, WorkDefinition } from '@stepwell/core';
import type { AskContext } from '../driver/bus-driver';
import { KeepErrorFilter } from './keep-error.filter';

/*
 * How a controller's method becomes the handler of a catalogue entry. The method's types must be the entry's: a wrong payload or
 * answer doesn't compile. A method whose parameters are declared to be none of Nest's is called with what the transport was given, payload and
 * context: by itself Nest would pass the payload alone, and with `@Payload()` and `@Ctx()` it goes through its pipes for each, which are none here
 * (architecture.md 7a).
 */

type AskMethod<Request, Answer> = (message: Message<Request>, context: AskContext) => Promise<Message<Answer>>;
type WorkMethod<Item> = (message: Message<Item>, context: WorkContext) => Promise<void>;

type HandlerDecorator<Shape> = <Method extends Shape>(
  target: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/** The method answers this ask. It may throw `Silence`: the asker then hears nothing and asks again (B1). */
export function Answers<Request, Answer>(
  definition: AskDefinition<Request, Answer>,
): HandlerDecorator<AskMethod<Request, Answer>> {
  return bindHandler(handlerPattern(definition));
}

/** The method does this work: returning acknowledges, throwing `GiveBack` or anything else gives the item back (B2). */
export function Works<Item>(definition: WorkDefinition<Item>): HandlerDecorator<WorkMethod<Item>> {
  return bindHandler(handlerPattern(definition));
}

/** Under which pattern Nest keeps the handler of a catalogue entry. */
export function handlerPattern(definition: { kind: 'ask' | 'work'; owner: string; name: string }): string {
  return `${definition.kind}:${definition.owner}:${definition.name}`;
}

function bindHandler(pattern: string) {
  return <Method>(target: object, method: string | symbol, descriptor: TypedPropertyDescriptor<Method>): void => {
    Reflect.defineMetadata(PARAM_ARGS_METADATA, {}, target.constructor, method);
    UseFilters(new KeepErrorFilter())(target, method, descriptor);
    MessagePattern(pattern)(target, method, descriptor);
  };
}
