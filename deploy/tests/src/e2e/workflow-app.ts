import type { Client, TriggerOptions as ClientTriggerOptions, WorkflowContext } from '@upstash/workflow';
import type { RequestHandler } from 'express';
import express from 'express';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsLibrary } from './clients/js-library';
import { JS_1_3 } from './clients/js-library';
import { Journal } from './journal';
import { DEV } from './stepwell-under-test';
import { until } from './until';

export type Workflow = (context: WorkflowContext<Payload>, journal: Journal) => Promise<unknown>;

export interface Payload {
  readonly appUrl: string;
  readonly input?: unknown;
}

/** What `serve` takes, but for what the app decides. */
type ServeOptions = Omit<NonNullable<Parameters<JsLibrary['serve']>[1]>, 'env'>;

export interface AppOptions {
  /** Base URL of the engine. */
  readonly engineUrl: string;
  /** Signatures are verified by these, current and next, as in a real app; `none`: not at all. Default: those of `stepwell dev`. */
  readonly signingKeys?: readonly [current: string, next: string] | 'none';
  /** Default: the newest release. */
  readonly library?: JsLibrary;
}

export interface TriggerOptions extends Omit<ClientTriggerOptions, 'url' | 'body' | 'workflowRunId'> {
  readonly input?: unknown;
  readonly runId?: string;
  /** Instead of `input` and the app's URL. */
  readonly body?: unknown;
}

const LARGEST_BODY = '250mb';

/** A user's app: Express, the unmodified official client, one route per workflow. */
export class WorkflowApp {
  readonly journals = new Map<string, Journal>();
  readonly client: Client;
  readonly library: JsLibrary;
  private readonly server: Server;
  private readonly app = express();
  private anonymous = 0;

  constructor(private readonly options: AppOptions) {
    this.library = options.library ?? JS_1_3;
    this.client = new this.library.Client({ baseUrl: options.engineUrl, token: DEV.token });
    this.app.use(express.json({ limit: LARGEST_BODY }), express.text({ limit: LARGEST_BODY }));
    this.app.post('/third-party/:runId', (request, response) => {
      const journal = this.journal(request.params.runId);
      journal.thirdParty += 1;
      journal.thirdPartyArrivals.push(Date.now());
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

  private readonly noteDelivery: RequestHandler = (request, _response, next) => {
    const runId = request.header('upstash-workflow-runid');
    if (runId === undefined) {
      next();
      return;
    }
    const journal = this.journal(runId);
    journal.seen(request.headers, request.body);
    journal.workOn(next, signedAt(request.header('upstash-signature')));
  };

  private get env(): Record<string, string> {
    const { engineUrl, signingKeys = [DEV.currentSigningKey, DEV.nextSigningKey] } = this.options;
    return {
      QSTASH_URL: engineUrl,
      QSTASH_TOKEN: DEV.token,
      ...(signingKeys === 'none'
        ? {}
        : { QSTASH_CURRENT_SIGNING_KEY: signingKeys[0], QSTASH_NEXT_SIGNING_KEY: signingKeys[1] }),
    };
  }

  /** Adds a workflow under `/name`. Its failure function notes the failure, unless another one, or undefined, is given. */
  add(name: string, workflow: Workflow, options: ServeOptions = {}): void {
    this.app.use(
      `/${name}`,
      this.noteDelivery,
      this.library.serve<Payload>((context) => workflow(context, this.journal(context.workflowRunId)), {
        failureFunction: ({ context, failResponse, failStatus }) => {
          this.journal(context.workflowRunId).failureFunction = { failResponse, failStatus };
          return 'noted';
        },
        ...(options as object),
        env: this.env,
      }),
    );
  }

  /** Workflows that know each other, as `serveMany` has them: `/prefix/name`. */
  addMany(prefix: string, workflows: Parameters<JsLibrary['serveMany']>[0]): void {
    // Its options know no `env`, but hand on what they are given.
    const options: object = { env: this.env };
    this.app.use(`/${prefix}`, this.noteDelivery, this.library.serveMany(workflows, options));
  }

  /** Any other route: something that is no workflow. */
  addHandler(name: string, handler: RequestHandler): void {
    this.app.use(`/${name}`, this.noteDelivery, handler);
  }

  /** Adds a workflow under a name that nothing else has. @returns the name */
  addOnce(workflow: Workflow, options?: ServeOptions): string {
    this.anonymous += 1;
    const name = `workflow-${this.anonymous}`;
    this.add(name, workflow, options);
    return name;
  }

  /** Starts a run of a workflow that no other run has. */
  async begin(workflow: Workflow, options: TriggerOptions = {}, serveOptions?: ServeOptions): Promise<string> {
    return this.trigger(this.addOnce(workflow, serveOptions), options);
  }

  async trigger(name: string, options: TriggerOptions = {}): Promise<string> {
    const { input, runId, body, ...rest } = options;
    const { workflowRunId } = await this.client.trigger({
      url: `${this.url}/${name}`,
      body: 'body' in options ? body : ({ appUrl: this.url, input } satisfies Payload),
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
  async ended(runId: string, limitMs = 240_000) {
    await until(`run ${runId} has ended`, () => this.hasEnded(runId), limitMs);
    const log = await this.log(runId);
    if (!log) throw new Error(`run ${runId} has no log`);
    return log;
  }

  private async hasEnded(runId: string): Promise<boolean> {
    return (await this.stateOf(runId)) !== 'RUN_STARTED';
  }

  /** Without bodies, which the client can't leave out: a log of megabytes, read again and again, is all that anybody does then. */
  async stateOf(runId: string): Promise<string> {
    const query = new URLSearchParams({ workflowRunId: runId, trimBody: 'true' });
    const answer = await fetch(`${this.options.engineUrl}/v2/workflows/logs?${query.toString()}`, {
      headers: { authorization: `Bearer ${DEV.token}` },
    });
    if (!answer.ok) throw new Error(`the log of ${runId}: ${answer.status} ${await answer.text()}`);
    const { runs } = (await answer.json()) as { runs: { workflowState: string }[] };
    return runs[0]?.workflowState ?? 'RUN_STARTED';
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

/** When a delivery was signed, unix ms, to the second below; undefined without a signature. */
function signedAt(signature: string | undefined): number | undefined {
  const payload = signature?.split('.')[1];
  if (payload === undefined) return undefined;
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iat: number }).iat * 1_000;
}
