import { Controller } from '@nestjs/common';
import type { INestMicroservice, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { ServiceName } from '@stepwell/core';
import { asks, GiveBack, message, NobodyAnswered, Silence, works } from '@stepwell/core';
import type {
  CallOutItem,
  DeliverItem,
  Message,
  RunningAttempt,
  SetTimersRequest,
  Done,
  WorkContext,
} from '@stepwell/core';
import type { AskContext } from '../driver/bus-driver';
import { MemoryBus } from '../memory/memory.bus';
import { aDelivery, until } from '../testing';
import { Answers, Works } from './handler.decorators';
import { MessagingServer } from './messaging.server';

const events: unknown[] = [];

@Controller()
class TimersController {
  @Answers(asks.SetTimers)
  set(request: Message<SetTimersRequest>, context: AskContext): Promise<Message<Done>> {
    events.push([request.head, context]);
    if (events.length === 1) throw new Silence('lease over');
    return Promise.resolve(message({}));
  }

  @Answers(asks.CancelTimers)
  async cancel(): Promise<Message<Done>> {
    return Promise.reject(new Error('a fault'));
  }
}

@Controller()
class WorkController {
  @Works(works.Deliver)
  async deliver(item: Message<DeliverItem>, context: WorkContext): Promise<void> {
    events.push([item.head.effectId, context.deliveryCount]);
    await Promise.resolve();
    if (context.deliveryCount === 1) throw new GiveBack(20);
    if (context.deliveryCount === 2) throw new Error('a fault');
  }

  @Works(works.CallOut)
  callOut(_item: Message<CallOutItem>): Promise<void> {
    return Promise.resolve();
  }
}

@Controller()
class FindingController {
  @Answers(asks.FindAttempt)
  find(): Promise<Message<RunningAttempt>> {
    return Promise.reject(new Silence('not here'));
  }
}

@Controller()
class SecondCallOutController {
  @Works(works.CallOut)
  callOut(): Promise<void> {
    return Promise.resolve();
  }
}

describe('the Nest transport', () => {
  let bus: MemoryBus;
  let app: INestMicroservice | undefined;

  const start = async (controllers: Type[], serves: ServiceName[]): Promise<void> => {
    const module = await Test.createTestingModule({ controllers }).compile();
    app = module.createNestMicroservice({ strategy: new MessagingServer({ bus, serves }), logger: false });
    await app.listen();
  };

  beforeEach(() => {
    events.length = 0;
    bus = new MemoryBus();
  });
  afterEach(async () => {
    await app?.close();
    await bus.close();
  });

  test('an ask reaches its method with message and context; Silence is silence', async () => {
    await start([TimersController], ['scheduler']);
    await bus.serve('scheduler', new Set([3]));
    expect(await bus.ask(asks.SetTimers, { partition: 3 }, message({ timers: [] }))).toEqual(message({}));
    const context = { name: 'SetTimers', partition: 3, askId: expect.any(String) };
    expect(events).toEqual([
      [{ timers: [] }, context],
      [{ timers: [] }, context],
    ]);
  });

  test('a handler that fails gives no answer', async () => {
    await start([TimersController], ['scheduler']);
    const asked = bus.ask(asks.CancelTimers, 'any', message({ ids: [] }), { patienceMs: 50 });
    await expect(asked).rejects.toThrow(NobodyAnswered);
  });

  test('what a handler throws is unwrapped before the acknowledgement: the item is not lost (7a)', async () => {
    await start([WorkController, FindingController], ['http-caller']);
    await bus.publishWork(works.Deliver, 'e:1', aDelivery('e:1'));
    await until(() => events.length === 3);
    expect(events).toEqual([
      ['e:1', 1],
      ['e:1', 2],
      ['e:1', 3],
    ]);
  });

  test('a catalogue entry without a handler is an error at start, and so is one with two', async () => {
    await expect(start([WorkController], ['http-caller', 'scheduler'])).rejects.toThrow(
      /ask:scheduler:SetTimers has no handler; ask:scheduler:CancelTimers has no handler/,
    );
    await app?.close();
    await expect(start([WorkController, SecondCallOutController], ['http-caller'])).rejects.toThrow(
      /work:http-caller:CallOut has two handlers/,
    );
    await app?.close();
    await expect(start([WorkController, TimersController], ['http-caller'])).rejects.toThrow(
      /ask:scheduler:SetTimers is not served here/,
    );
  });

  test('a closed application takes no more work', async () => {
    await start([WorkController, FindingController], ['http-caller']);
    await app?.close();
    await bus.publishWork(works.Deliver, 'e:1', aDelivery('e:1'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(events).toEqual([]);
  });
});
