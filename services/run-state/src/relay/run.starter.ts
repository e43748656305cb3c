import type { BodyPlace, Bus, RunState, RunTold, StartSubmission, SubmitRequest } from '@stepwell/core';
import { asks, isRefused, message, partitionOf, restartOf, runStream } from '@stepwell/core';
import type { Logger } from 'pino';
import type { StreamKey } from '../aggregates';
import type { BodyReader } from '../bodies/body.reader';
import type { PartitionHost } from '../partition/partition.host';
import { Places } from '../partition/places';
import type { RunStream } from '../partition/stream';
import { isOver } from '../partition/tenure-end';
import { IncompleteState, isForGood, RefusedForGood } from './for-good';
import type { LogCopier } from './log.copier';

/*
 * Begins the runs that other runs want begun: the child of an invoke, the successor of a failed run (protocol.md 8.7, 12).
 *
 * 1. Each is asked of the new run's owner until it is answered or the tenure ends; answered = it has begun = settled (B1, E1).
 * 2. Tries hold nothing but names, and a bounded number is under way; the same effect is tried by one of them only, however often it
 *    is sent.
 */
export interface StarterDependencies {
  readonly bus: Pick<Bus, 'ask'>;
  readonly bodies: Pick<BodyReader, 'bytes'>;
  readonly copier: LogCopier;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

const UNDER_WAY = 64;
const PATIENCE_MS = 10_000;
const RETRY_MS = { first: 50, most: 5_000 };

export class RunStarter {
  private readonly places = new Places(UNDER_WAY);
  private readonly underWay = new WeakMap<PartitionHost, Set<string>>();

  constructor(private readonly dependencies: StarterDependencies) {}

  /** Never rejects. */
  async start(host: PartitionHost, key: StreamKey<'run'>, effectId: string): Promise<void> {
    const underWay = this.underWay.get(host) ?? new Set();
    this.underWay.set(host, underWay);
    if (underWay.has(effectId)) return;
    underWay.add(effectId);
    await this.startUntilBegun(host, key, effectId);
    underWay.delete(effectId);
  }

  private async startUntilBegun(host: PartitionHost, key: StreamKey<'run'>, effectId: string): Promise<void> {
    const { logger, pause } = this.dependencies;
    const { lost } = host.tenure;
    for (let delayMs = RETRY_MS.first; !lost.aborted; delayMs = Math.min(RETRY_MS.most, delayMs * 2)) {
      try {
        await this.places.with(() => this.tryToStart(host, key, effectId));
        return;
      } catch (error) {
        if (isOver(lost)) return;
        if (isForGood(error)) {
          logger.error({ err: error, effectId }, 'a run can not be begun for another');
          return;
        }
        logger.warn({ err: error, effectId }, 'could not begin a run for another, trying again');
        await pause(delayMs, lost);
      }
    }
  }

  private async tryToStart(host: PartitionHost, key: StreamKey<'run'>, effectId: string): Promise<void> {
    if (host.tenure.lost.aborted) return;
    const stream = await host.stream(key);
    const obligation = stream.state?.owed.get(effectId);
    if (!stream.state || obligation?.type !== 'TellStream') return;
    await this.begin(host, stream, stream.state, obligation.tell, effectId);
    host.settle(effectId);
  }

  private async begin(
    host: PartitionHost,
    stream: RunStream,
    state: RunState,
    told: RunTold,
    effectId: string,
  ): Promise<void> {
    if (told.kind === 'start-child') {
      await this.child(host, stream, state, told.messageId, effectId);
      return;
    }
    const gone = state.deadLetterGone;
    if (!gone || !('takenOver' in gone)) throw new IncompleteState(`run ${state.runId} was taken over by nobody`);
    if (gone.takenOver.how === 'resume') await this.dependencies.copier.copy(host, stream, state, gone.takenOver);
    else await this.restart(host, stream, state, gone.takenOver);
  }

  private async child(
    host: PartitionHost,
    stream: RunStream,
    state: RunState,
    messageId: string,
    effectId: string,
  ): Promise<void> {
    const invoke = state.invokes.get(messageId);
    if (!invoke) throw new IncompleteState(`run ${state.runId} has no invoke ${messageId}`);
    const { runId: childRunId, config, callerIp, body: _place, ...address } = invoke.data.child;
    const item: StartSubmission = { ...address, kind: 'start', config, callerIp, body: 0 };
    const { runId, createdAt: runCreatedAt, start } = state;
    const invoker = { runId, workflowUrl: start.workflowUrl, runCreatedAt, messageId, startedAt: invoke.at };
    const request = { runId: childRunId, askId: effectId, items: [item], invoker };
    const isOurs = await this.submit(host, stream, invoke.childPlace, request);
    if (isOurs) return;
    // The id is another run's, whose end will be told to nobody here: the step must not wait for it for ever.
    const tell = { kind: 'child-ended', runId, messageId, childRunId, outcome: 'failed' } as const;
    await this.dependencies.bus.ask(
      asks.TellRuns,
      { partition: host.tenure.partition },
      message({ tells: [tell] }),
      patience(host),
    );
  }

  private async restart(
    host: PartitionHost,
    stream: RunStream,
    state: RunState,
    takenOver: Parameters<typeof restartOf>[1],
  ): Promise<void> {
    const payload = state.entries[0]?.place;
    if (!payload) throw new IncompleteState(`run ${state.runId} has no payload`);
    const { successor, askId, startedAt } = takenOver;
    const item = restartOf(state, takenOver);
    const successorOf = { runId: state.runId, how: 'restart', startedAt } as const;
    const isOurs = await this.submit(host, stream, payload, { runId: successor, askId, items: [item], successorOf });
    if (!isOurs) throw new RefusedForGood(`run ${successor} exists already`);
  }

  /** False when there is such a run already that wasn't begun by this. */
  private async submit(
    host: PartitionHost,
    stream: RunStream,
    payload: BodyPlace,
    request: SubmitRequest,
  ): Promise<boolean> {
    const { bus, bodies } = this.dependencies;
    const body = await bodies.bytes(host.tenure, stream, payload);
    const partition = partitionOf(runStream(request.runId));
    const { head } = await bus.ask(asks.Submit, { partition }, message(request, [body]), patience(host));
    if (isRefused(head)) throw new RefusedForGood(`${head.refused}: ${head.message ?? ''}`);
    return head.items[0]?.deduplicated === false;
  }
}

const patience = (host: PartitionHost) => ({ patienceMs: PATIENCE_MS, signal: host.tenure.lost });
