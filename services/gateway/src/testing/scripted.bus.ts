import type { AskAddress, AskDefinition, AskOptions, Message } from '@stepwell/core';
import { asks, message, NobodyAnswered } from '@stepwell/core';
import type { ServiceBus } from '@stepwell/platform';

export interface RecordedAsk<Request = unknown> {
  readonly name: string;
  readonly address: AskAddress;
  readonly message: Message<Request>;
  readonly options: AskOptions;
}

type Answerer<Request, Answer> = (ask: RecordedAsk<Request>) => Message<Answer> | Promise<Message<Answer>>;

/** The time all scripted runs were created at, unix ms. */
export const CREATED_AT = 1_800_000_000_000;

/**
 * A bus on which a test plays the other services: it records what was asked, and answers by script. Without a script everything
 * goes well: submissions are accepted, runs can be notified and ended, and there is nothing to read.
 */
export class ScriptedBus implements ServiceBus {
  asked: readonly RecordedAsk[] = [];
  private readonly answerers = new Map<string, Answerer<never, unknown>>();

  constructor() {
    this.reset();
  }

  /** Forgets what was asked, and every script. */
  reset(): void {
    this.asked = [];
    this.answer(asks.Submit, (ask) =>
      message({
        runCreatedAt: CREATED_AT,
        items: ask.message.head.items.map(({ messageId }) => ({ messageId, deduplicated: false })),
      }),
    );
    this.answer(asks.FinishRun, () => message({}));
    this.answer(asks.CancelRun, () => message({ cancelled: true }));
    this.answer(asks.ReadMessages, () => message({ refused: 'UNKNOWN_RUN' }));
    this.answer(asks.ReadRunLog, () => message({ refused: 'UNKNOWN_RUN' }));
    this.answer(asks.ExplainRun, () => message({ refused: 'UNKNOWN_RUN' }));
    this.answer(asks.FindAttempt, () => {
      throw new NobodyAnswered(asks.FindAttempt.name, 'all', 0);
    });
    this.answer(asks.ListRuns, () => message({ rows: [] }));
    this.answer(asks.OpenMailbox, () => message({}));
    this.answer(asks.Notify, () => message({ notified: 0, waiters: [] }));
    this.answer(asks.ReadMessage, () => message({ refused: 'UNKNOWN_MESSAGE' }));
    this.answer(asks.CancelMessage, () => message({}));
    this.answer(asks.ReadDeadLetter, () => message({ refused: 'UNKNOWN_DEAD_LETTER' }));
    this.answer(asks.DeleteDeadLetter, () => message({}));
    this.answer(asks.TakeOverRun, (ask) =>
      message({ workflowRunId: ask.message.head.successor, workflowCreatedAt: CREATED_AT }),
    );
    this.answer(asks.RequestFailureCallback, () => message({ runCreatedAt: CREATED_AT }));
    this.answer(asks.CancelFailureCallback, () => message({}));
    this.answer(asks.ReadWaiters, () => message({ waiters: [] }));
  }

  answer<Request, Answer>(definition: AskDefinition<Request, Answer>, answerer: Answerer<Request, Answer>): this {
    this.answerers.set(definition.name, answerer);
    return this;
  }

  /** The owner of this ask is away: nobody ever answers. */
  silence<Request, Answer>(definition: AskDefinition<Request, Answer>): this {
    return this.answer(definition, () => new Promise(() => undefined));
  }

  recorded<Request, Answer>(definition: AskDefinition<Request, Answer>): RecordedAsk<Request>[] {
    return this.asked.filter(({ name }) => name === definition.name) as RecordedAsk<Request>[];
  }

  async ask<Request, Answer>(
    definition: AskDefinition<Request, Answer>,
    address: AskAddress,
    request: Message<Request>,
    options: AskOptions = {},
  ): Promise<Message<Answer>> {
    const ask = { name: definition.name, address, message: request, options };
    this.asked = [...this.asked, ask];
    const answerer = this.answerers.get(definition.name) as Answerer<Request, Answer> | undefined;
    if (answerer === undefined) throw new Error(`no script for ${definition.name}`);
    return Promise.race([Promise.resolve(answerer(ask)), givenUp(definition.name, options)]);
  }

  publishWork(): Promise<'queued'> {
    return Promise.reject(new Error('a gateway publishes no work'));
  }

  onWorkForgotten(): () => void {
    return () => undefined;
  }

  isConnected(): boolean {
    return true;
  }

  serve(): Promise<void> {
    return Promise.resolve();
  }

  stopIntake(): Promise<void> {
    return Promise.resolve();
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }
}

function givenUp(name: string, { patienceMs = 10_000, signal }: AskOptions): Promise<never> {
  return new Promise((_resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new NobodyAnswered(name, 'nobody', patienceMs));
    }, patienceMs).unref();
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new Error('given up'));
    });
  });
}
