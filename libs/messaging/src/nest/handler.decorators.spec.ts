import type { CallOutItem, DeliverItem, Done, Message, SetTimersRequest, WorkContext } from '@stepwell/core';
import { asks, message, works } from '@stepwell/core';
import type { AskContext } from '../driver/bus-driver';
import { Answers, handlerPattern, Works } from './handler.decorators';

/*
 * The compiler is the test here: where a `@ts-expect-error` finds no error, `tsc -b` fails, and so does `npm run verify`.
 */

class Fitting {
  @Answers(asks.SetTimers)
  whole(_request: Message<SetTimersRequest>, _context: AskContext): Promise<Message<Done>> {
    return Promise.resolve(message({}));
  }

  @Answers(asks.CancelTimers)
  lessIsFine(): Promise<Message<Done>> {
    return Promise.resolve(message({}));
  }

  @Works(works.Deliver)
  work(_item: Message<DeliverItem>, _context: WorkContext): Promise<void> {
    return Promise.resolve();
  }
}

class Unfitting {
  // @ts-expect-error the payload of SetTimers is another
  @Answers(asks.SetTimers)
  wrongPayload(_request: Message<{ readonly timers: readonly string[] }>): Promise<Message<Done>> {
    return Promise.resolve(message({}));
  }

  // @ts-expect-error the answer of CancelRun is another
  @Answers(asks.CancelRun)
  wrongAnswer(): Promise<Message<{ readonly cancelled: string }>> {
    return Promise.resolve(message({ cancelled: 'yes' }));
  }

  // @ts-expect-error Deliver's items are no CallOut's
  @Works(works.Deliver)
  wrongItem(_item: Message<CallOutItem>): Promise<void> {
    return Promise.resolve();
  }

  // @ts-expect-error work has no partition
  @Works(works.Deliver)
  wrongContext(_item: Message<DeliverItem>, _context: AskContext): Promise<void> {
    return Promise.resolve();
  }

  // @ts-expect-error an ask is no work
  @Works(asks.SetTimers)
  wrongKind(): Promise<void> {
    return Promise.resolve();
  }
}

test('the pattern of an entry is unique', () => {
  const patterns = [...Object.values(asks), ...Object.values(works)].map(handlerPattern);
  expect(new Set(patterns).size).toBe(patterns.length);
  expect([Fitting.name, Unfitting.name]).toEqual(['Fitting', 'Unfitting']);
});
