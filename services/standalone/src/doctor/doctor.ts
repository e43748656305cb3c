import type { Clock } from '@stepwell/core';
import type { MemberReport, StoreInspection, StoreLayout } from '@stepwell/event-store';
import { inspectMongoStore } from '@stepwell/event-store';
import type { NatsInspection } from '@stepwell/messaging';
import { inspectNats } from '@stepwell/messaging';
import type { createLogger } from '@stepwell/platform';
import { natsOptions } from '@stepwell/platform';
import { brokerFindings, isForTopicsAlone } from './broker.checks';
import type { DoctorConfig } from './doctor.config';
import type { Examination } from './examination';
import type { Finding } from './finding';
import { fail, ok } from './finding';
import { BETWEEN_LOOKS_MS, memberFindings, membersOf } from './member.checks';
import { runFindings } from './run.checks';
import { clockFindings, databaseFindings, indexFindings, layoutFindings, partitionFindings } from './server.checks';
import { timerFindings } from './timer.checks';

/*
 * `stepwell doctor`: everything that can be seen from outside of a store and a broker, while services run or while they don't.
 *
 * 1. Without `fix` nothing is written. With it only what is derived from the log, or asked of its owner: rows, indexes, streams, orphaned
 *    timers; what is owed and was lost.
 * 2. A check that can't be made is a finding, and the others are made all the same; without a database there are none.
 * 3. A sample is enough to see that something is wrong. Only `full` can say that nothing is.
 */
export interface DoctorOptions {
  readonly fix: boolean;
  readonly full: boolean;
  readonly clock: Clock;
  readonly logger: ReturnType<typeof createLogger>;
  readonly pause: (ms: number) => Promise<void>;
  /** What may be late, or silent, without anything being wrong. */
  readonly graceMs?: number;
}

/** How long a server may take to be there. */
const REACH_MS = 5_000;
const SETTLE_MS = 3_000;
const GRACE_MS = 2 * 60 * 1_000;

export class Doctor {
  constructor(
    private readonly config: DoctorConfig,
    private readonly options: DoctorOptions,
  ) {}

  async examine(): Promise<Finding[]> {
    const { mongodbUri: uri, mongodbDatabase: dbName } = this.config;
    let store: StoreInspection;
    try {
      store = await inspectMongoStore({ uri, dbName, clock: this.options.clock });
    } catch (error) {
      return [
        fail(
          'mongodb',
          `can not be reached: ${reason(error)}`,
          'check STEPWELL_MONGODB_URI, and that it is up and has a primary',
        ),
      ];
    }
    try {
      return await this.examineStore(store);
    } finally {
      await store.close();
    }
  }

  private async examineStore(store: StoreInspection): Promise<Finding[]> {
    const server = await store.server();
    const layout = await store.layout();
    const found = [...databaseFindings(server), ...clockFindings(server), ...layoutFindings(layout)];
    if (!layout || found.some(({ status, check }) => status === 'fail' && check !== 'clock')) return found;
    const before = await store.members();
    const lookedAt = this.options.clock.monotonicMs();
    found.push(...(await guarded('indexes', () => indexFindings(store, this.options.fix))));
    found.push(...(await this.withBroker(store, layout, server.aheadMs)));
    found.push(...(await guarded('members', () => this.members(store, before, lookedAt))));
    return found;
  }

  private async withBroker(store: StoreInspection, layout: StoreLayout, aheadMs: number): Promise<Finding[]> {
    if (this.config.natsUrls.length === 0) {
      const none = ok('nats', 'not configured (STEPWELL_NATS_URL): one process needs none');
      return [none, ...(await this.withAll(store, aheadMs, undefined))];
    }
    let broker: NatsInspection;
    try {
      broker = await this.openBroker(layout.epoch);
    } catch (error) {
      const gone = fail(
        'nats',
        `can not be reached: ${reason(error)}`,
        'check STEPWELL_NATS_URL, its credentials, and that it is up',
      );
      return [gone, ...(await this.withAll(store, aheadMs, undefined))];
    }
    try {
      const found = await guarded('nats', () => brokerFindings(broker, this.options.fix));
      const hasWork = found.every(({ status }) => status !== 'fail') && !isForTopicsAlone(await broker.streams());
      return [...found, ...(await this.withAll(store, aheadMs, hasWork ? broker : undefined))];
    } finally {
      await broker.close();
    }
  }

  private async withAll(
    store: StoreInspection,
    aheadMs: number,
    broker: NatsInspection | undefined,
  ): Promise<Finding[]> {
    const { clock, fix, full } = this.options;
    const examination: Examination = {
      store,
      ...(broker ? { broker } : {}),
      isFull: full,
      fix,
      graceMs: this.options.graceMs ?? GRACE_MS,
      now: () => clock.nowMs() + aheadMs,
      settle: () => this.options.pause(SETTLE_MS),
    };
    return [
      ...(await guarded('checkpoints', () => partitionFindings(store))),
      ...(await guarded('runs', () => runFindings(examination))),
      ...(await guarded('timers', () => timerFindings(examination))),
    ];
  }

  private async members(store: StoreInspection, before: readonly MemberReport[], lookedAt: number): Promise<Finding[]> {
    await this.options.pause(Math.max(0, lookedAt + BETWEEN_LOOKS_MS - this.options.clock.monotonicMs()));
    return memberFindings(membersOf(before, await store.members()));
  }

  private async openBroker(epoch: number): Promise<NatsInspection> {
    const { logger } = this.options;
    const stopping = AbortSignal.timeout(REACH_MS);
    return inspectNats({ ...(await natsOptions(this.config, { name: 'doctor', logger, stopping })), epoch });
  }
}

/** Rule 2. */
async function guarded(check: string, make: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await make();
  } catch (error) {
    return [
      fail(check, `could not be looked at: ${reason(error)}`, 'look whether the servers are up, and run it again'),
    ];
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
