import type { Message } from '@stepwell/core';
import { asks, message, NobodyAnswered, Silence } from '@stepwell/core';
import type { AskContext, AskHandler, BusDriver } from '../driver/bus-driver';
import type { BusWorld, MakeBusWorld } from './bus-world';
import { until } from './until';

const wanted = (yes: boolean): Message<unknown> => message({ wanted: yes });
const attemptOf = (runId: string) => message({ runId, messageId: 'msg_1', attempt: 0 });

const takeAsks = (bus: BusDriver, handler: AskHandler): Promise<void> =>
  bus.answerAsks(
    'run-state',
    new Map([
      [asks.StillWanted.name, handler],
      [asks.ReadBody.name, handler],
    ]),
  );

/** Asks (architecture.md B1, L2): to the owner, until answered, with one id. */
export function describeAsks(makeWorld: MakeBusWorld): void {
  let world: BusWorld;
  beforeEach(async () => {
    world = await makeWorld({});
  });
  afterEach(() => world.end());

  const owner = async (member: string, partitions: number[], handler: AskHandler): Promise<BusDriver> => {
    const bus = await world.connect(member);
    await takeAsks(bus, handler);
    await bus.serve('run-state', new Set(partitions));
    return bus;
  };

  test('the owner of the partition answers, nobody else hears it', async () => {
    const heard: string[] = [];
    const handler = (member: string) => (): Promise<Message<unknown>> => {
      heard.push(member);
      return Promise.resolve(wanted(member === 'b'));
    };
    await owner('a', [1, 2], handler('a'));
    await owner('b', [3], handler('b'));
    const asker = await world.connect('asker');
    expect((await asker.ask(asks.StillWanted, { partition: 3 }, attemptOf('x'))).head).toEqual({ wanted: true });
    expect((await asker.ask(asks.StillWanted, { partition: 2 }, attemptOf('x'))).head).toEqual({ wanted: false });
    expect(heard).toEqual(['b', 'a']);
  });

  test('the handler learns the name, the id and the partition', async () => {
    const seen: AskContext[] = [];
    const bus = await owner('a', [5], (_, context) => {
      seen.push(context);
      return Promise.resolve(wanted(true));
    });
    await bus.ask(asks.StillWanted, { partition: 5 }, attemptOf('x'));
    await bus.ask(asks.StillWanted, 'any', attemptOf('x'));
    expect(seen).toEqual([
      { name: 'StillWanted', askId: expect.any(String), partition: 5 },
      { name: 'StillWanted', askId: expect.any(String) },
    ]);
    expect(seen[0]?.askId).not.toBe(seen[1]?.askId);
  });

  test('exactly one process hears what is addressed to any', async () => {
    let heard = 0;
    const handler: AskHandler = () => {
      heard += 1;
      return Promise.resolve(wanted(true));
    };
    await owner('a', [], handler);
    const bus = await owner('b', [], handler);
    for (let i = 0; i < 20; i += 1) await bus.ask(asks.StillWanted, 'any', attemptOf('x'));
    expect(heard).toBe(20);
  });

  test('a member is reached by its name', async () => {
    await owner('a.1', [], () => Promise.resolve(wanted(false)));
    const bus = await owner('b', [], () => Promise.resolve(wanted(true)));
    expect((await bus.ask(asks.StillWanted, { member: 'b' }, attemptOf('x'))).head).toEqual({ wanted: true });
    expect((await bus.ask(asks.StillWanted, { member: 'a.1' }, attemptOf('x'))).head).toEqual({ wanted: false });
    const nobody = bus.ask(asks.StillWanted, { member: 'c' }, attemptOf('x'), { patienceMs: 50 });
    await expect(nobody).rejects.toThrow(NobodyAnswered);
  });

  test('silence is asked again, with the same id', async () => {
    const ids: string[] = [];
    const bus = await owner('a', [1], (_, { askId }) => {
      ids.push(askId);
      return ids.length < 4 ? Promise.reject(new Silence('not mine yet')) : Promise.resolve(wanted(true));
    });
    await bus.ask(asks.StillWanted, { partition: 1 }, attemptOf('x'), { tryMs: 30 });
    expect(ids).toHaveLength(4);
    expect(new Set(ids).size).toBe(1);
  });

  test('a handler that fails is silent, whether it throws or rejects', async () => {
    let calls = 0;
    const bus = await owner('a', [1], () => {
      calls += 1;
      if (calls === 1) throw new TypeError('a fault');
      return calls === 2 ? Promise.reject(new Error('another')) : Promise.resolve(wanted(true));
    });
    await bus.ask(asks.StillWanted, { partition: 1 }, attemptOf('x'), { tryMs: 30 });
    expect(calls).toBe(3);
  });

  test('a repeated try joins the one that is being handled', async () => {
    let calls = 0;
    let release = (_answer: Message<unknown>): void => undefined;
    const bus = await owner('a', [1], () => {
      calls += 1;
      return new Promise((resolve) => {
        release = resolve;
      });
    });
    const answer = bus.ask(asks.StillWanted, { partition: 1 }, attemptOf('x'), { tryMs: 20 });
    const later = bus.ask(asks.StillWanted, { partition: 1 }, attemptOf('x'), { tryMs: 20, patienceMs: 150 });
    await expect(later).rejects.toThrow(NobodyAnswered);
    expect(calls).toBe(2);
    release(wanted(true));
    expect(calls).toBe(2);
    await bus.serve('run-state', new Set([1]));
    void answer.catch(() => undefined);
  });

  test('whoever knows the answer gives it, while another keeps silent', async () => {
    await owner('a', [1], () => Promise.reject(new Silence('lease over')));
    const bus = await owner('b', [1], () => Promise.resolve(wanted(true)));
    expect((await bus.ask(asks.StillWanted, { partition: 1 }, attemptOf('x'))).head).toEqual({ wanted: true });
  });

  test('an ask of all is heard by each, and answered by who knows', async () => {
    const heard: string[] = [];
    const handler = (member: string, knows: boolean) => (): Promise<Message<unknown>> => {
      heard.push(member);
      return knows ? Promise.resolve(wanted(true)) : Promise.reject(new Silence('not here'));
    };
    await owner('a', [], handler('a', false));
    await owner('b', [], handler('b', true));
    const bus = await owner('c', [1], handler('c', false));
    expect((await bus.ask(asks.StillWanted, 'all', attemptOf('x'))).head).toEqual({ wanted: true });
    await until(() => heard.length === 3);
    expect(heard.sort()).toEqual(['a', 'b', 'c']);
  });

  test('nobody answers: an error that says who, what and how long', async () => {
    const bus = await world.connect('a');
    const failure = bus.ask(asks.StillWanted, { partition: 1 }, attemptOf('x'), { patienceMs: 120 });
    await expect(failure).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      ask: 'StillWanted',
      address: 'partition 1',
      waitedMs: expect.any(Number),
    });
    await expect(failure).rejects.toThrow(NobodyAnswered);
  });

  test('an owner that comes later is found', async () => {
    const asker = await world.connect('asker');
    const answer = asker.ask(asks.StillWanted, { partition: 1 }, attemptOf('x'));
    await owner('a', [1], () => Promise.resolve(wanted(true)));
    expect((await answer).head).toEqual({ wanted: true });
  });

  test('a partition that is given up is heard no more, its successor is', async () => {
    const heard: string[] = [];
    const handler = (member: string) => (): Promise<Message<unknown>> => {
      heard.push(member);
      return Promise.resolve(wanted(true));
    };
    const a = await owner('a', [1, 2], handler('a'));
    const b = await owner('b', [], handler('b'));
    await a.serve('run-state', new Set([2]));
    await b.serve('run-state', new Set([1]));
    await a.ask(asks.StillWanted, { partition: 1 }, attemptOf('x'));
    await b.ask(asks.StillWanted, { partition: 2 }, attemptOf('x'));
    expect(heard).toEqual(['b', 'a']);
  });

  test('an aborted ask gives up at once', async () => {
    const bus = await owner('a', [1], () => new Promise(() => undefined));
    const stop = new AbortController();
    const answer = bus.ask(asks.StillWanted, { partition: 1 }, attemptOf('x'), {
      patienceMs: Infinity,
      signal: stop.signal,
    });
    stop.abort();
    await expect(answer).rejects.toThrow(NobodyAnswered);
    await world.kill(bus);
  });

  test('5 MB there and back, byte for byte, to a partition and to any process', async () => {
    const large = new Uint8Array(5_000_000).map((_, index) => (index * 31) ^ (index >> 8));
    const bus = await owner('a', [1], ({ bodies }) => Promise.resolve(message({ body: 0 }, [...bodies].reverse())));
    await owner('b', [], ({ bodies }) => Promise.resolve(message({ body: 0 }, [...bodies].reverse())));
    const small = Uint8Array.of(1, 2, 3);
    const question = message({ runId: 'x', sha256: 'y' }, [large, small, new Uint8Array(0)]);
    for (const address of [{ partition: 1 }, 'any', 'any', 'any', { member: 'b' }] as const) {
      const { bodies } = await bus.ask(asks.ReadBody, address, question);
      expect(bodies.map((body) => body.byteLength)).toEqual([0, 3, 5_000_000]);
      expect(Buffer.compare(bodies[2] ?? small, large)).toBe(0);
    }
  });

  test('five hundred asks at once each get their own answer', async () => {
    const bus = await owner('a', [1], async (request) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      return message({ wanted: request.head });
    });
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, i) => bus.ask(asks.StillWanted, { partition: 1 }, attemptOf(String(i)))),
    );
    expect(answers.map(({ head }) => head)).toEqual(
      answers.map((_, i) => ({ wanted: { runId: String(i), messageId: 'msg_1', attempt: 0 } })),
    );
  });

  test('a handler never runs within the turn of the asker', async () => {
    let turnIsOver = false;
    const seen: boolean[] = [];
    const bus = await owner('a', [1], () => {
      seen.push(turnIsOver);
      return Promise.resolve(wanted(true));
    });
    const answer = bus.ask(asks.StillWanted, { partition: 1 }, attemptOf('x'));
    turnIsOver = true;
    await answer;
    expect(seen).toEqual([true]);
  });

  test('a killed owner answers nothing any more, its successor does', async () => {
    let asked = 0;
    const dying = await owner('a', [1], () => {
      asked += 1;
      return new Promise(() => undefined);
    });
    const asker = await world.connect('asker');
    const answer = asker.ask(asks.StillWanted, { partition: 1 }, attemptOf('x'), { tryMs: 100 });
    await until(() => asked > 0);
    await world.kill(dying);
    await owner('b', [1], () => Promise.resolve(wanted(true)));
    expect((await answer).head).toEqual({ wanted: true });
  });
}
