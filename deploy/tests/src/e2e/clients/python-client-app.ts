import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { callAsStandIn } from '../conformance/stand-in';
import { pythonEnvironment } from '../python-environment';
import { DEV } from '../stepwell-under-test';
import type { BeginOptions, ClientApp, ClientUnderTest, Scenario, Seen } from './client-app';

const REQUIREMENTS = join(__dirname, 'requirements.txt');
const APP = join(__dirname, 'workflow_app.py');

/** The official client in Python, in a process of its own. It starts runs by requests to its endpoints, as it has no other way. */
class PythonClientApp implements ClientApp {
  private child: ChildProcess | undefined;
  private url = '';

  constructor(
    private readonly python: string,
    private readonly engineUrl: string,
  ) {}

  async start(): Promise<void> {
    const child = spawn(this.python, [APP], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {
        PATH: process.env['PATH'],
        QSTASH_URL: this.engineUrl,
        QSTASH_TOKEN: DEV.token,
        QSTASH_CURRENT_SIGNING_KEY: DEV.currentSigningKey,
        QSTASH_NEXT_SIGNING_KEY: DEV.nextSigningKey,
      },
    });
    this.child = child;
    const [line] = (await once(createInterface(child.stdout), 'line', { signal: AbortSignal.timeout(60_000) })) as [
      string,
    ];
    const { port } = JSON.parse(line) as { port: number };
    this.url = `http://127.0.0.1:${port}`;
  }

  urlOf(scenario: Scenario): string {
    return `${this.url}/${scenario}`;
  }

  async begin(scenario: Scenario, input?: unknown, { headers = {} }: BeginOptions = {}): Promise<string> {
    const body = JSON.stringify({ input });
    const answer = await callAsStandIn(this.urlOf(scenario), body, headers);
    if (answer.status !== 200)
      throw new Error(`the endpoint answered ${answer.status}: ${JSON.stringify(answer.json)}`);
    return (answer.json as { workflowRunId: string }).workflowRunId;
  }

  async seen(runId: string): Promise<Seen> {
    const response = await fetch(`${this.url}/seen/${runId}`);
    return (await response.json()) as Seen;
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
}

export function pythonClient(): ClientUnderTest {
  const environment = pythonEnvironment(REQUIREMENTS);
  return {
    name: 'Python 2.0.0',
    // No parallel steps, no waits, no invokes; its history always comes with the delivery; its runs end without a result.
    abilities: [],
    ...('missing' in environment ? { missing: environment.missing } : {}),
    app: (engineUrl) => new PythonClientApp('python' in environment ? environment.python : '', engineUrl),
  };
}
