import type { Topology } from '../stepwell-under-test';
import { StepwellUnderTest } from '../stepwell-under-test';
import { BareClient, type Answer } from './bare-client';
import type { ThirdParty } from './bare-endpoint';
import { BareEndpoint } from './bare-endpoint';
import { BareRun, type RunScript } from './bare-run';
import { sendPatiently } from './patience';
import type { StartOptions, WireRequest } from './wire-requests';
import { finishing, reading, starting } from './wire-requests';

/** What the engine says of a run (protocol.md 11). */
export interface RunLog {
  readonly workflowRunId: string;
  readonly workflowState: 'RUN_STARTED' | 'RUN_SUCCESS' | 'RUN_FAILED' | 'RUN_CANCELED';
  readonly workflowRunResponse?: string;
  readonly dlqId?: string;
  readonly steps: readonly {
    readonly type: string;
    readonly steps: readonly { readonly stepId?: number; readonly messageId?: string; readonly callType?: string }[];
  }[];
}

/** A Stepwell, an app and a client that are made of the protocol alone. */
export class Arena {
  readonly endpoint = new BareEndpoint();
  private names = 0;
  private connected: BareClient | undefined;
  private readonly runs: BareRun[] = [];

  constructor(readonly stepwell: StepwellUnderTest) {}

  async open(): Promise<void> {
    await this.stepwell.start();
    await this.endpoint.start();
    this.connected = new BareClient(this.stepwell.url);
  }

  async close(): Promise<void> {
    await this.connected?.close();
    await this.endpoint.stop();
    await this.stepwell.remove();
  }

  get client(): BareClient {
    if (!this.connected) throw new Error('the arena is opened before the first test, not before');
    return this.connected;
  }

  /** A name that nothing else has: of a run, an event, a third party. */
  unique(what: string): string {
    this.names += 1;
    return `${what}-${this.names}`;
  }

  /** A run that does what the script says; it isn't started by that. */
  run(script: RunScript, name = 'run'): BareRun {
    const run: BareRun = new BareRun(`wfr_${this.unique(name)}`, (delivery) => script(run, delivery));
    run.url = this.endpoint.serve(run.id, run.receive);
    this.runs.push(run);
    return run;
  }

  thirdParty(answer: string): ThirdParty {
    return this.endpoint.thirdParty(this.unique('third-party'), answer);
  }

  send(request: WireRequest): Promise<Answer> {
    return this.client.send(request);
  }

  async start(run: BareRun, options: StartOptions = {}): Promise<Answer> {
    const answer = await this.send(starting([run], options));
    if (answer.status !== 200) throw new Error(`${run.id} was not started: ${answer.status} ${answer.text}`);
    return answer;
  }

  async log(runId: string): Promise<RunLog | undefined> {
    const answer = await this.send(reading(`/v2/workflows/logs?workflowRunId=${runId}`));
    if (answer.status !== 200) throw new Error(`no log of ${runId}: ${answer.status} ${answer.text}`);
    return answer.json<{ runs: RunLog[] }>().runs[0];
  }

  /**
   * Resolves when whatever was to be delivered because of what was answered before this call has been: runs that are started now are
   * served after it, by every one of the engine's queues.
   */
  async settled(): Promise<void> {
    const sentinels = Array.from({ length: SENTINELS }, () =>
      this.run(async (run) => {
        await this.send(finishing(run.id));
        return undefined;
      }, 'sentinel'),
    );
    await sendPatiently(this, starting(sentinels));
    for (const sentinel of sentinels) await sentinel.begun();
  }

  /** Everything that the endpoint has to complain of, since the last time. What was delivered until now is forgotten. */
  complaints(): string[] {
    const runs = this.runs.splice(0);
    const complaints = [...this.endpoint.complaints.splice(0), ...runs.flatMap((run) => complaintsOf(run))];
    for (const run of runs) run.forgetDeliveries();
    return complaints;
  }
}

/** Enough for most of the partitions. */
const SENTINELS = 200;

const complaintsOf = (run: BareRun): string[] => [
  ...run.complaints,
  ...[...run.successors.values()].flatMap((successor) => complaintsOf(successor)),
];

/** An arena for the tests of the describe block that calls this. */
export function useArena(topology: Topology): Arena {
  const arena = new Arena(new StepwellUnderTest(topology));
  beforeAll(() => arena.open(), 180_000);
  afterAll(() => arena.close(), 60_000);
  return arena;
}
