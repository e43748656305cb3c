import type { AskOptions, CallOutItem, DeliverItem, Message, WorkContext } from '@stepwell/core';
import { GiveBack, message, works } from '@stepwell/core';
import type { AnyWork, IntakeLimits, WorkHandler } from '@stepwell/messaging';
import { MemoryBroker, MemoryBus } from '@stepwell/messaging';
import { SystemClock, configFrom } from '@stepwell/platform';
import pino from 'pino';
import { Registry } from 'prom-client';
import { HttpCallerConfig } from '../http-caller.config';
import { HttpCallerMetrics } from '../http-caller.metrics';
import type { HttpCallerParts } from '../http-caller.parts';
import { assembleHttpCaller, intakeOf } from '../http-caller.parts';
import type { Answer } from './endpoint';
import { Endpoint } from './endpoint';
import { FakeRunState } from './fake-run-state';

const SIGNING_KEY = 'sig_current';

/** One http-caller on an in-memory bus, a fake run-state on the other side, and real endpoints. */
export class CallerUnderTest {
  readonly broker = new MemoryBroker({ ackWaitMs: 50 });
  readonly runState = new FakeRunState(this.broker);
  readonly metrics = new Registry();
  private readonly buses: MemoryBus[] = [];
  private readonly callers: HttpCallerParts[] = [];
  private readonly endpoints: Endpoint[] = [];
  private effects = 0;
  /** How often a handler sent its item back. */
  givenBack = 0;

  static async start(settings: Partial<HttpCallerConfig> = {}, ask?: AskOptions): Promise<CallerUnderTest> {
    const test = new CallerUnderTest();
    await test.runState.start();
    await test.startCaller(settings, ask);
    return test;
  }

  /** Another process of the service. */
  async startCaller(
    settings: Partial<HttpCallerConfig> = {},
    askOptions: AskOptions = { patienceMs: 200 },
  ): Promise<{ parts: HttpCallerParts; bus: MemoryBus }> {
    const config = configFrom(HttpCallerConfig, { signingCurrentKey: SIGNING_KEY, allowPrivate: true, ...settings });
    const bus = new MemoryBus({ member: `http-caller-${this.buses.length}`, broker: this.broker });
    const parts = assembleHttpCaller(config, {
      bus,
      clock: new SystemClock(),
      logger: pino({ level: 'silent' }),
      metrics: new HttpCallerMetrics(this.callers.length === 0 ? this.metrics : new Registry()),
      askOptions,
    });
    this.buses.push(bus);
    this.callers.push(parts);
    const intake = intakeOf(config);
    await this.consume<DeliverItem>(
      bus,
      works.Deliver,
      (work, context) => parts.deliveries.deliver(work, context),
      intake.Deliver,
    );
    await this.consume<CallOutItem>(
      bus,
      works.CallOut,
      (work, context) => parts.calls.call(work, context),
      intake.CallOut,
    );
    return { parts, bus };
  }

  get first(): { parts: HttpCallerParts; bus: MemoryBus } {
    const [[parts], [bus]] = [this.callers, this.buses];
    if (parts === undefined || bus === undefined) throw new Error('no caller was started');
    return { parts, bus };
  }

  async endpoint(answer: Answer): Promise<Endpoint> {
    const endpoint = await Endpoint.start(answer);
    this.endpoints.push(endpoint);
    return endpoint;
  }

  delivery(url: string, changes: Partial<DeliverItem> = {}, body = '[]'): Message<DeliverItem> {
    return message(
      {
        ...this.attempt(),
        kind: 'step',
        url,
        method: 'POST',
        headers: [['upstash-workflow-runid', 'wfr_1']],
        timeoutMs: 5_000,
        segments: [{ literal: 0 }],
        tail: [],
        ...changes,
      },
      [Buffer.from(body)],
    );
  }

  call(url: string, changes: Partial<CallOutItem> = {}, body = ''): Message<CallOutItem> {
    return message(
      { ...this.attempt(), url, method: 'POST', headers: [], timeoutMs: 5_000, body: { inline: 0 }, ...changes },
      [Buffer.from(body)],
    );
  }

  async deliver(work: Message<DeliverItem>): Promise<void> {
    await this.runState.bus.publishWork(works.Deliver, work.head.effectId, work);
  }

  async callOut(work: Message<CallOutItem>): Promise<void> {
    await this.runState.bus.publishWork(works.CallOut, work.head.effectId, work);
  }

  /** True when the item was acknowledged: only then its effect id is accepted again. */
  async isAcknowledged(work: Message<DeliverItem>): Promise<boolean> {
    return (await this.runState.bus.publishWork(works.Deliver, work.head.effectId, work)) === 'queued';
  }

  async stop(): Promise<void> {
    await Promise.all(this.endpoints.map((endpoint) => endpoint.stop()));
    await Promise.all(this.callers.flatMap(({ clients }) => clients.map((client) => client.destroy())));
    await Promise.all([...this.buses, this.runState.bus].map((bus) => bus.close()));
  }

  private attempt() {
    this.effects += 1;
    return {
      runId: 'wfr_1',
      messageId: `msg_${this.effects}`,
      attempt: 0,
      effectId: `run-wfr_1:${this.effects}:0`,
      partition: 7,
      eventAt: Date.now(),
    };
  }

  private consume<Item>(
    bus: MemoryBus,
    definition: AnyWork,
    handler: (work: Message<Item>, context: WorkContext) => Promise<void>,
    limits: IntakeLimits,
  ): Promise<void> {
    const counted: WorkHandler = async (work, context) => {
      try {
        await handler(work as Message<Item>, context);
      } catch (error) {
        if (error instanceof GiveBack) this.givenBack += 1;
        throw error;
      }
    };
    return bus.consumeWork(definition, counted, limits);
  }
}
