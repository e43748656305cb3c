import type { AskAddress, AskDefinition, Message, SettleRequest } from '@stepwell/core';
import { message, NobodyAnswered } from '@stepwell/core';
import { TestClock } from '@stepwell/platform';
import { ReceiptBatcher } from './receipt.batcher';

const GATHER_MS = 3;

class World {
  readonly clock = new TestClock();
  readonly asked: { partition: number; effectIds: readonly string[] }[] = [];
  readonly dead = new Set<number>();
  private releases: (() => void)[] = [];
  private isHeld = false;

  readonly receipts = new ReceiptBatcher(
    { ask: (definition, address, request) => this.answer(definition, address, request) },
    this.clock,
    { gatherMs: GATHER_MS, effectsPerAsk: 3 },
  );

  holdAnswers(): () => void {
    this.isHeld = true;
    return () => {
      this.isHeld = false;
      for (const release of this.releases.splice(0)) release();
    };
  }

  private async answer<Request, Answer>(
    definition: AskDefinition<Request, Answer>,
    address: AskAddress,
    request: Message<Request>,
  ): Promise<Message<Answer>> {
    const partition = typeof address === 'object' && 'partition' in address ? address.partition : -1;
    const { effectIds } = request.head as SettleRequest;
    this.asked.push({ partition, effectIds });
    if (this.isHeld) await new Promise<void>((resolve) => this.releases.push(resolve));
    if (this.dead.has(partition)) throw new NobodyAnswered(definition.name, String(partition), 0);
    return message({}) as unknown as Message<Answer>;
  }
}

describe('ReceiptBatcher', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  const tell = (partition: number, ...effectIds: string[]) => {
    const outcomes: string[] = [];
    for (const effectId of effectIds) {
      world.receipts.settled(partition, effectId).then(
        () => outcomes.push(`${effectId} told`),
        () => outcomes.push(`${effectId} not told`),
      );
    }
    return outcomes;
  };

  it('tells several in one ask, a few milliseconds after the first', async () => {
    const outcomes = tell(1, 'a', 'b');
    await world.clock.advance(GATHER_MS - 1);
    expect([world.asked, outcomes]).toEqual([[], []]);
    await world.clock.advance(1);
    expect(world.asked).toEqual([{ partition: 1, effectIds: ['a', 'b'] }]);
    expect(outcomes).toEqual(['a told', 'b told']);
  });

  it('waits for no company when the ask is full', async () => {
    tell(1, 'a', 'b', 'c');
    await world.clock.advance(0);
    expect(world.asked).toEqual([{ partition: 1, effectIds: ['a', 'b', 'c'] }]);
    await world.clock.advance(1_000);
    expect(world.asked).toHaveLength(1);
  });

  it('resolves nothing before the answer, and sends what came meanwhile with the next ask (1, 2)', async () => {
    const release = world.holdAnswers();
    const outcomes = tell(1, 'a');
    await world.clock.advance(GATHER_MS);
    tell(1, 'b', 'c', 'd', 'e');
    await world.clock.advance(1_000);
    expect([world.asked.length, outcomes]).toEqual([1, []]);
    release();
    await world.clock.advance(1_000);
    expect(world.asked.map(({ effectIds }) => effectIds)).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
    expect(outcomes).toEqual(['a told']);
  });

  it('rejects what nobody answered, and goes on with what comes then (1)', async () => {
    world.dead.add(1);
    const lost = tell(1, 'a', 'b');
    await world.clock.advance(GATHER_MS);
    expect(lost).toEqual(['a not told', 'b not told']);
    world.dead.clear();
    const again = tell(1, 'a');
    await world.clock.advance(GATHER_MS);
    expect(again).toEqual(['a told']);
  });

  it('keeps partitions apart (3)', async () => {
    world.dead.add(1);
    const [lost, told] = [tell(1, 'a'), tell(2, 'b')];
    await world.clock.advance(GATHER_MS);
    expect([lost, told]).toEqual([['a not told'], ['b told']]);
  });

  it('names an effect once, also when its item is here twice', async () => {
    const outcomes = tell(1, 'a', 'a');
    await world.clock.advance(GATHER_MS);
    expect(world.asked).toEqual([{ partition: 1, effectIds: ['a'] }]);
    expect(outcomes).toHaveLength(2);
  });
});
