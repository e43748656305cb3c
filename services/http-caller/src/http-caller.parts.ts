import { hostname } from 'node:os';
import type { AskOptions, Bus, Clock } from '@stepwell/core';
import type { IntakeLimits } from '@stepwell/messaging';
import type { Logger } from 'pino';
import { BodyAssembler } from './body/body.assembler';
import { ByteBudget, FairGate } from '@stepwell/platform';
import { EntryCache } from './body/entry.cache';
import { HistoryTails } from './body/history.tails';
import { RunHistory } from './body/run.history';
import { CallSender } from './calls/call.sender';
import { DeliveryReporter } from './deliveries/delivery.reporter';
import { DeliverySender } from './deliveries/delivery.sender';
import { InlineReader } from './deliveries/inline.reader';
import { TailKeeper } from './deliveries/tail.keeper';
import { AttemptRunner } from './effects/attempt.runner';
import { EffectLedger } from './effects/effect.ledger';
import { RunningAttempts } from './effects/running.attempts';
import type { HttpCallerConfig } from './http-caller.config';
import type { HttpCallerMetrics } from './http-caller.metrics';
import { DestinationPolicy } from './outbound/destination.policy';
import type { Resolve } from './outbound/guarded.connector';
import type { OutboundClient } from './outbound/http.client';
import { HttpClient } from './outbound/http.client';
import { RequestSigner } from './signing/request.signer';

/*
 * How the pieces are put together. Deliveries and calls have places, queues, connections and ledgers of their own: an hour-long
 * call must never take a delivery's place (H3). They share the signing key, the history cache and the byte budget.
 */

/** Finished requests whose report nobody answered yet. */
const LEDGER_LIMITS = { keptAttempts: 10_000, keptBytes: 64 * 1024 * 1024 };
/** Which histories their endpoints keep; a run of a hundred steps takes 8 KiB. */
const TAIL_LIMITS = { maxBytes: 16 * 1024 * 1024, digestsPerRun: 1_024 };
/** So many origins may have a full queue at one time. */
const FULL_QUEUES = 4;
const INTAKE_BYTES = 128 * 1024 * 1024;

/**
 * How much work the bus may hand over at one time: what runs and what may wait. Less would let one origin's waiting items fill the
 * intake and keep the others' on the bus.
 */
export function intakeOf(config: HttpCallerConfig): Record<'Deliver' | 'CallOut', IntakeLimits> {
  const waiting = config.queuePerOrigin * FULL_QUEUES;
  return {
    Deliver: { maxInFlight: config.deliveryConcurrency + waiting, maxBufferedBytes: INTAKE_BYTES },
    CallOut: { maxInFlight: config.callConcurrency + waiting, maxBufferedBytes: INTAKE_BYTES },
  };
}

export interface Surroundings {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: HttpCallerMetrics;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve;
  /** How patiently run-state is asked. Default: the bus's. */
  readonly askOptions?: AskOptions;
  /** Makes whoever makes the requests, for deliveries and for calls each. Default: real ones, over HTTP. */
  readonly newClient?: () => OutboundClient;
  /** Default: Math.random. */
  readonly random?: () => number;
}

export interface HttpCallerParts {
  readonly deliveries: DeliverySender;
  readonly calls: CallSender;
  readonly runners: readonly AttemptRunner[];
  readonly clients: readonly OutboundClient[];
  readonly running: RunningAttempts;
}

export function assembleHttpCaller(config: HttpCallerConfig, surroundings: Surroundings): HttpCallerParts {
  const { bus, clock, askOptions } = surroundings;
  const policy = new DestinationPolicy(config);
  const signer = new RequestSigner(config.signingCurrentKey);
  const history = new RunHistory(bus, new EntryCache(config.historyCacheBytes), askOptions);
  const assembler = new BodyAssembler(history, new ByteBudget(config.assemblyBytes));

  const running = new RunningAttempts(hostname(), clock);

  const httpClient = (): OutboundClient =>
    new HttpClient({
      connectionsPerOrigin: config.connectionsPerOrigin,
      connectTimeoutMs: config.connectTimeoutMs,
      policy,
      clock,
      ...(surroundings.resolve && { resolve: surroundings.resolve }),
    });
  const runner = (places: number): AttemptRunner =>
    new AttemptRunner({
      ...surroundings,
      gate: new FairGate({
        places,
        placesPerKey: config.connectionsPerOrigin,
        waitingPerKey: config.queuePerOrigin,
        waitingInAll: config.queuePerOrigin * FULL_QUEUES,
      }),
      ledger: new EffectLedger(LEDGER_LIMITS),
      running,
      random: surroundings.random ?? Math.random,
    });

  const newClient = surroundings.newClient ?? httpClient;
  const deliveryClient = newClient();
  const deliveryRunner = runner(config.deliveryConcurrency);
  const callClient = newClient();
  const callRunner = runner(config.callConcurrency);
  return {
    deliveries: new DeliverySender({
      runner: deliveryRunner,
      assembler,
      signer,
      client: deliveryClient,
      reporter: new DeliveryReporter(bus, clock, askOptions),
      inline: new InlineReader(config, clock),
      tails: new TailKeeper(new HistoryTails(TAIL_LIMITS), surroundings.metrics),
      bus,
      askOptions,
      clock,
    }),
    calls: new CallSender({
      runner: callRunner,
      assembler,
      signer,
      client: callClient,
      bus,
      clock,
      maxResponseBytes: config.maxResponseBytes,
      askOptions,
    }),
    runners: [deliveryRunner, callRunner],
    clients: [deliveryClient, callClient],
    running,
  };
}
