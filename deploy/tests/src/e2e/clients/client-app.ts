/** What a client can do; what it can't, nobody asks it for. */
export type Ability =
  /** Parallel groups. */
  | 'parallel'
  | 'wait'
  | 'webhook'
  | 'invoke'
  /** `context.cancel` in the workflow. */
  | 'cancel-itself'
  /** An error that is not to be retried. */
  | 'never-again'
  /** The run's result is sent with its end. */
  | 'result'
  /** Fetches its history itself when it is delivered none, and is known for it. */
  | 'lazy-fetch';

/** The workflows that every client's app has, as far as its client can run them. */
export type Scenario =
  | 'steps'
  | 'naps'
  | 'call'
  | 'call-fails'
  | 'flaky'
  | 'doomed'
  | 'never'
  | 'group'
  | 'wait'
  | 'wait-twice'
  | 'webhook'
  | 'parent'
  | 'cancels-itself'
  | 'sleepy'
  | 'large';

export interface BeginOptions {
  /** Retries of each delivery; the delay between them is short, by whatever means the client has. */
  readonly retries?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What an app saw of a run. */
export interface Seen {
  /** Requests to the endpoint that named the run. */
  readonly calls: number;
  readonly retried: readonly number[];
  /** Executions of each step's function, by name. */
  readonly executions: Readonly<Record<string, number>>;
  /** Message and status, from the failure function; undefined as long as it hasn't run. */
  readonly failure?: { readonly message: string; readonly status: number } | undefined;
  /** Bytes of the bodies of all calls. */
  readonly bytes: readonly number[];
  /** The user's own header `x-mine`, call by call. */
  readonly mine: readonly (string | null)[];
  /** The address of the webhook, once it was created. */
  readonly webhookUrl?: string | undefined;
}

/** An app with one release of one client in it, in this process or another. */
export interface ClientApp {
  start(): Promise<void>;
  /** Where the endpoint of a scenario is. */
  urlOf(scenario: Scenario): string;
  /** Starts a run, by the client's own means. */
  begin(scenario: Scenario, input?: unknown, options?: BeginOptions): Promise<string>;
  seen(runId: string): Promise<Seen>;
  stop(): Promise<void>;
}

/** A client, and how to get an app with it. */
export interface ClientUnderTest {
  readonly name: string;
  readonly abilities: readonly Ability[];
  /** Why its tests can't run here; absent = they can. */
  readonly missing?: string;
  app(engineUrl: string): ClientApp;
}
