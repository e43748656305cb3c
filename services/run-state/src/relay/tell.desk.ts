import type { Bus } from '@stepwell/core';
import { asks, message } from '@stepwell/core';
import type { Logger } from 'pino';
import type { PartitionHost } from '../partition/partition.host';
import { Places } from '../partition/places';
import { isOver } from '../partition/tenure-end';
import type { Portion, Tell, TellComposer } from './tell.composer';
import type { Addressee } from './tells';
import { run, saidToMailbox, saidToRun } from './tells';

/** At most this many tells in one ask. */
const MOST_TELLS = 250;
/**
 * What a lane begins with. The thousand waiters that a notify's answer lists, and so waits for, are mostly among the first of their
 * partitions; none of them is to wait for the two hundredth of another.
 */
const FIRST_TELLS = 32;
/**
 * Asks with more than {@link FIRST_TELLS} that one process has under way. What they are about is decided and committed together, and a
 * thousand decisions in one turn are a pause for everybody else.
 */
const LARGE_ASKS = 4;
/** Until a run that is being made is told again. */
const NOT_YET_MS = 500;
const PATIENCE_MS = 10_000;
const RETRY_MS = { first: 50, most: 5_000 };

/** What one partition of one tenure has to tell one partition. */
interface Lane {
  readonly addressee: Addressee;
  readonly waiting: Map<string, Tell>;
  isAsking: boolean;
  most: number;
}

/**
 * Tells streams what other streams have for them, batched per target partition: what comes while one ask is under way rides with the
 * next. Each ask goes on until it is answered or the tenure ends; answered = the other stream has it = settled (B1, E1).
 *
 * 1. Holds names alone; what is said is what the state owes when it is sent.
 * 2. One ask per lane is under way, and of large ones a few per process: a hot mailbox delays nobody but itself.
 */
export class TellDesk {
  private readonly lanes = new Map<PartitionHost, Map<string, Lane>>();
  private readonly places = new Places(LARGE_ASKS);

  constructor(
    private readonly bus: Pick<Bus, 'ask'>,
    private readonly composer: TellComposer,
    private readonly logger: Pick<Logger, 'warn'>,
    private readonly pause: (ms: number, signal: AbortSignal) => Promise<void>,
  ) {}

  tell(host: PartitionHost, addressee: Addressee, tell: Tell): void {
    if (host.tenure.lost.aborted) return;
    const lane = this.laneOf(host, addressee);
    lane.waiting.set(tell.effectId, tell);
    if (lane.isAsking) return;
    lane.isAsking = true;
    // What the same turn owes rides along.
    queueMicrotask(() => void this.askAll(host, lane));
  }

  private laneOf(host: PartitionHost, addressee: Addressee): Lane {
    const { lost } = host.tenure;
    const lanes = this.lanes.get(host) ?? new Map<string, Lane>();
    if (!this.lanes.has(host)) {
      this.lanes.set(host, lanes);
      lost.addEventListener('abort', () => this.lanes.delete(host), { once: true });
    }
    const name = `${addressee.route}/${addressee.partition}`;
    const known = lanes.get(name);
    if (known) return known;
    const lane: Lane = { addressee, waiting: new Map(), isAsking: false, most: FIRST_TELLS };
    lanes.set(name, lane);
    return lane;
  }

  private async askAll(host: PartitionHost, lane: Lane): Promise<void> {
    const { lost } = host.tenure;
    let delayMs = RETRY_MS.first;
    while (!lost.aborted && lane.waiting.size > 0) {
      try {
        const isLarge = Math.min(lane.most, lane.waiting.size) > FIRST_TELLS;
        await (isLarge ? this.places.with(() => this.askSome(host, lane)) : this.askSome(host, lane));
        delayMs = RETRY_MS.first;
        lane.most = Math.min(MOST_TELLS, lane.most * 2);
      } catch (error) {
        if (isOver(lost)) break;
        const { partition } = host.tenure;
        this.logger.warn({ err: error, partition, of: lane.addressee }, 'streams were not told, trying again');
        lane.most = FIRST_TELLS;
        await this.pause(delayMs, lost);
        delayMs = Math.min(RETRY_MS.most, delayMs * 2);
      }
    }
    // In the same turn as the last look: what comes now starts anew.
    lane.isAsking = false;
    lane.most = FIRST_TELLS;
  }

  private askSome(host: PartitionHost, lane: Lane): Promise<void> {
    return lane.addressee.route === 'mailboxes' ? this.askMailboxes(host, lane) : this.askRuns(host, lane);
  }

  private async askMailboxes(host: PartitionHost, lane: Lane): Promise<void> {
    const portion = await this.composer.compose(host, lane.waiting.values(), lane.most, saidToMailbox);
    const { tells, heads, bodies } = taken(lane, portion);
    if (tells.length === 0) return;
    await this.bus.ask(asks.TellMailboxes, addressOf(lane), message({ tells: heads }, bodies), patience(host));
    for (const tell of tells) settle(host, lane, tell);
  }

  private async askRuns(host: PartitionHost, lane: Lane): Promise<void> {
    const portion = await this.composer.compose(host, lane.waiting.values(), lane.most, saidToRun);
    const { tells, heads, bodies } = taken(lane, portion);
    if (tells.length === 0) return;
    const answer = await this.bus.ask(
      asks.TellRuns,
      addressOf(lane),
      message({ tells: heads }, bodies),
      patience(host),
    );
    for (const [index, tell] of tells.entries()) {
      const result = answer.head.results[index];
      if (result && 'movedTo' in result) {
        forget(lane, tell);
        this.tell(host, run(result.movedTo), { ...tell, movedTo: result.movedTo });
      } else if (result && 'notYet' in result) {
        forget(lane, tell);
        void this.tellLater(host, lane.addressee, tell);
      } else settle(host, lane, tell);
    }
  }

  private async tellLater(host: PartitionHost, addressee: Addressee, tell: Tell): Promise<void> {
    await this.pause(NOT_YET_MS, host.tenure.lost);
    this.tell(host, addressee, tell);
  }
}

const addressOf = ({ addressee: { partition } }: Lane) => ({ partition });
const patience = (host: PartitionHost) => ({ patienceMs: PATIENCE_MS, signal: host.tenure.lost });

function taken<Head>(lane: Lane, portion: Portion<Head>): Portion<Head> {
  for (const tell of portion.dropped) forget(lane, tell);
  return portion;
}

function settle(host: PartitionHost, lane: Lane, tell: Tell): void {
  forget(lane, tell);
  host.settle(tell.effectId);
}

/** Unless the same has come anew meanwhile. */
function forget({ waiting }: Lane, tell: Tell): void {
  if (waiting.get(tell.effectId) === tell) waiting.delete(tell.effectId);
}
