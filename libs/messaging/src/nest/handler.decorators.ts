import { UseFilters } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { AskDefinition, Message, WorkContext, WorkDefinition } from '@stepwell/core';
import type { AskContext } from '../driver/bus-driver';
import { KeepErrorFilter } from './keep-error.filter';

/*
 * How a controller's method becomes the handler of a catalogue entry. The method's types must be the entry's: a wrong payload or
 * answer doesn't compile. Payload and context are bound here, because Nest by itself would pass the payload alone.
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
    Payload()(target, method, 0);
    Ctx()(target, method, 1);
    UseFilters(new KeepErrorFilter())(target, method, descriptor);
    MessagePattern(pattern)(target, method, descriptor);
  };
}
