import { mongo } from 'mongoose';
import { connect, type NatsConnection } from 'nats';
import * as os from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Wire } from './guarded-app';
import type { GuardedEngine } from './guarded-engine';
import { type Counts, lineThrough, type Lines } from './lines';

const DATABASE = 'bench';
/** Of these two lengths, so that what a run costs by itself and what a step adds are told apart. */
const SHORT = 20;
export const LONG = 60;
/** Written once a second, whatever runs. */
const BY_TIME = ['members', 'checkpoints'];
const WRITES = ['insert', 'update', 'remove'];
/** What comes a second after a run's end: its row, receipts. */
const SETTLES_WITHIN_MS = 1_300;

/** What is counted of whole runs, with one in flight: nothing is batched by chance, and so the numbers are exact. */
export class Counter {
  private subjects = new Map<string, number>();

  private constructor(
    private readonly engine: GuardedEngine,
    private readonly store: mongo.MongoClient,
    private readonly spy: NatsConnection,
  ) {}

  static async open(engine: GuardedEngine): Promise<Counter> {
    const { STEPWELL_MONGODB_URI: uri = '', STEPWELL_NATS_URL: servers = '', ...others } = engine.servers.settings;
    const { STEPWELL_NATS_USER: user = '', STEPWELL_NATS_PASSWORD: pass = '' } = others;
    // The driver's own dynamic `import('os')` fails inside of Jest.
    const store = new mongo.MongoClient(uri, { runtimeAdapters: { os } });
    const spy = await connect({ servers, user, pass });
    const counter = new Counter(engine, store, spy);
    spy.subscribe('>', {
      callback: (_error, { subject }) => {
        counter.note(subject);
      },
    });
    await spy.flush();
    return counter;
  }

  /** Each count as a line over the length of a run. */
  async lines(wire: Wire): Promise<Lines> {
    return lineThrough([SHORT, await this.ofRun(wire, SHORT)], [LONG, await this.ofRun(wire, LONG)]);
  }

  async close(): Promise<void> {
    await this.spy.close();
    await this.store.close();
  }

  private async ofRun(wire: Wire, steps: number): Promise<Counts> {
    const before = await this.look();
    await this.engine.app.run(wire, steps);
    await delay(SETTLES_WITHIN_MS);
    const after = await this.look();
    const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
    return Object.fromEntries(Object.keys(after).map((name) => [name, grown(name)]));
  }

  private note(subject: string): void {
    const kind = /^(stepwell\.ask|stepwell\.work|\$JS\.ACK|\$JS\.API)\./.exec(subject)?.[1] ?? 'others';
    this.subjects.set(kind, (this.subjects.get(kind) ?? 0) + 1);
  }

  private async look(): Promise<Counts> {
    const admin = this.store.db('admin');
    const { totals } = (await admin.command({ top: 1 })) as {
      totals: Readonly<Record<string, Readonly<Record<string, { readonly count: number }>>>>;
    };
    await this.spy.flush();
    const { fsyncs = 0, messages = 0 } = await this.engine.servers.counters();
    const ours = Object.entries(totals).filter(([namespace]) => namespace.startsWith(`${DATABASE}.`));
    const all = ours.map(([namespace, counts]) => [namespace.slice(DATABASE.length + 1), counts] as const);
    const sumOf = (names: readonly string[], isMeant: (collection: string) => boolean): number =>
      all
        .filter(([collection]) => isMeant(collection))
        .flatMap(([, counts]) => names.map((name) => counts[name]?.count ?? 0))
        .reduce((sum, count) => sum + count, 0);
    const isByTime = (collection: string): boolean => BY_TIME.includes(collection);
    const isOfRuns = (collection: string): boolean => !isByTime(collection);
    const subject = (kind: string): number => this.subjects.get(kind) ?? 0;
    return {
      'log documents': await this.store.db(DATABASE).collection('log').countDocuments({}),
      'log writes': sumOf(WRITES, (collection) => collection === 'log'),
      'store writes': sumOf(WRITES, isOfRuns),
      'store reads': sumOf(['queries', 'getmore'], isOfRuns),
      // Those of what is written by time have a sync each, unless they share one with a run's.
      'journal syncs': fsyncs - sumOf(WRITES, isByTime),
      // Streams and consumers are looked after by time.
      'messages sent': messages - subject('$JS.API'),
      asks: subject('stepwell.ask'),
      'work items': subject('stepwell.work'),
      acknowledgements: subject('$JS.ACK'),
    };
  }
}
