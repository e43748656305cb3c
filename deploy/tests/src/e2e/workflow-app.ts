import { Client, type WorkflowContext } from '@upstash/workflow';
import { serve } from '@upstash/workflow/express';
import express from 'express';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DEV } from './stepwell-under-test';
import { until } from './until';

export type Workflow = (context: WorkflowContext<Payload>, journal: Journal) => Promise<unknown>;

export interface Payload {
  readonly appUrl: string;
  readonly input?: unknown;
}

/**
 * What the endpoint saw, by itself: it doesn't believe the engine. One per run.
 */
export class Journal {
  /** Requests to the workflow's endpoint. */
  calls = 0;
  /** Executions of each step's function, by name. */
  readonly executions = new Map<string, number>();
  /** Requests to the third party. */
  thirdParty = 0;
  /** Upstash-Retried of each call. */
  readonly retried: number[] = [];
  failureFunction: unknown;
  /** Steps whose result has been seen in a history: durable for sure. */
  private readonly completed = new Set<string>();
  /** Steps that were executed although their result was durable. */
  readonly repeated: string[] = [];

  /** A delivery's body: the history it carries says what is done. */
  seen(body: unknown): void {
    if (!Array.isArray(body)) return;
    for (const entry of body as { callType?: string; body?: string }[]) {
      const step = stepOf(entry.body);
      if (entry.callType === 'step' && step) this.completed.add(step);
    }
  }

  run<T>(name: string, value: T): T {
    if (this.completed.has(name)) this.repeated.push(name);
    this.executions.set(name, (this.executions.get(name) ?? 0) + 1);
    return value;
  }
}

/** Name of the step whose result an entry is; undefined for payloads and plans. */
function stepOf(base64 = ''): string | undefined {
  try {
    const step = JSON.parse(Buffer.from(base64, 'base64').toString()) as { stepId?: number; stepName?: string };
    return step.stepId !== undefined && step.stepId > 0 ? step.stepName : undefined;
  } catch {
    return undefined;
  }
}

export interface AppOptions {
  /** Base URL of the engine. */
  readonly engineUrl: string;
  /** Signatures are verified by these, current and next, as in a real app. Default: those of `stepwell dev`. */
  readonly signingKeys?: readonly [current: string, next: string];
}

export interface TriggerOptions {
  readonly input?: unknown;
  readonly retries?: number;
  readonly retryDelay?: string;
  readonly runId?: string;
  readonly label?: string;
  /** Seconds. */
  readonly delay?: number;
}

/** A user's app: Express, the unmodified official client, one route per workflow. */
export class WorkflowApp {
  readonly journals = new Map<string, Journal>();
  readonly client: Client;
  private readonly server: Server;
  private readonly app = express();

  constructor(private readonly options: AppOptions) {
    this.client = new Client({ baseUrl: options.engineUrl, token: DEV.token });
    this.app.use(express.json({ limit: '50mb' }));
    this.app.post('/third-party/:runId', (request, response) => {
      this.journal(request.params.runId).thirdParty += 1;
      response.json({ echo: request.body as unknown });
    });
    this.server = this.app.listen(0, '127.0.0.1');
  }

  /** A third party that answers this text. */
  answers(path: string, text: string): void {
    this.app.get(path, (_request, response) => {
      response.type('text/plain').send(text);
    });
  }

  async start(): Promise<void> {
    if (!this.server.listening) await new Promise((listening) => this.server.once('listening', listening));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  journal(runId: string): Journal {
    const known = this.journals.get(runId);
    if (known) return known;
    const journal = new Journal();
    this.journals.set(runId, journal);
    return journal;
  }

  /** Adds a workflow under `/name`. */
  add(name: string, workflow: Workflow): void {
    const { engineUrl, signingKeys = [DEV.currentSigningKey, DEV.nextSigningKey] } = this.options;
    this.app.use(
      `/${name}`,
      (request, _response, next) => {
        const runId = request.header('upstash-workflow-runid');
        if (runId !== undefined) {
          const journal = this.journal(runId);
          journal.calls += 1;
          journal.retried.push(Number(request.header('upstash-retried')));
          journal.seen(request.body);
        }
        next();
      },
      serve<Payload>((context) => workflow(context, this.journal(context.workflowRunId)), {
        env: {
          QSTASH_URL: engineUrl,
          QSTASH_TOKEN: DEV.token,
          QSTASH_CURRENT_SIGNING_KEY: signingKeys[0],
          QSTASH_NEXT_SIGNING_KEY: signingKeys[1],
        },
        failureFunction: ({ context, failResponse, failStatus }) => {
          this.journal(context.workflowRunId).failureFunction = { failResponse, failStatus };
          return 'noted';
        },
      }),
    );
  }

  async trigger(name: string, options: TriggerOptions = {}): Promise<string> {
    const { input, runId, ...rest } = options;
    const { workflowRunId } = await this.client.trigger({
      url: `${this.url}/${name}`,
      body: { appUrl: this.url, input } satisfies Payload,
      ...(runId === undefined ? {} : { workflowRunId: runId }),
      ...rest,
    });
    return workflowRunId;
  }

  /** Starts runs until all are accepted; ids are given, so that a start whose answer was lost is no second run. */
  async triggerMany(
    name: string,
    count: number,
    options: { retries?: number; retryDelay?: string } = {},
  ): Promise<string[]> {
    const stamp = Math.random().toString(36).slice(2);
    const started: string[] = [];
    for (let from = 0; from < count; from += 20) {
      const ids = Array.from({ length: Math.min(20, count - from) }, (_, index) => `${stamp}-${from + index}`);
      started.push(...(await Promise.all(ids.map((runId) => this.trigger(name, { ...options, runId })))));
    }
    return started;
  }

  get totalCalls(): number {
    let calls = 0;
    for (const journal of this.journals.values()) calls += journal.calls;
    return calls;
  }

  /** Waits for all to end, however often the engine is away meanwhile. */
  async allEnded(runIds: readonly string[], limitMs: number) {
    const logs = new Map<string, NonNullable<Awaited<ReturnType<WorkflowApp['log']>>>>();
    const look = async (): Promise<boolean> => {
      for (const runId of runIds) {
        if (logs.has(runId)) continue;
        const log = await this.log(runId).catch(() => undefined);
        if (log === undefined || log.workflowState === 'RUN_STARTED') return false;
        logs.set(runId, log);
      }
      return true;
    };
    await until(`all ${runIds.length} runs have ended (${logs.size} have)`, look, limitMs);
    return [...logs.values()];
  }

  /** Waits for the end of a run and returns its log. */
  async ended(runId: string, limitMs = 60_000) {
    await until(
      `run ${runId} has ended`,
      async () => (await this.log(runId))?.workflowState !== 'RUN_STARTED',
      limitMs,
    );
    const log = await this.log(runId);
    if (!log) throw new Error(`run ${runId} has no log`);
    return log;
  }

  async log(runId: string) {
    const { runs } = await this.client.logs({ workflowRunId: runId });
    return runs[0];
  }

  async stop(): Promise<void> {
    const closed = new Promise((done) => this.server.close(done));
    this.server.closeAllConnections();
    await closed;
  }
}
