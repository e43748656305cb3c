import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { callAsStandIn } from '../conformance/stand-in';
import { DEV } from '../stepwell-under-test';
import type { BeginOptions, ClientApp, ClientUnderTest, Scenario, Seen } from './client-app';

const REQUIREMENTS = join(__dirname, 'requirements.txt');
const APP = join(__dirname, 'workflow_app.py');
const INSTALL_LIMIT_MS = 240_000;

type Environment = { readonly python: string } | { readonly missing: string };

/**
 * Python with what requirements.txt names, in a folder under the user's cache that later runs find again.
 *
 * Synchronous: whether tests are skipped is asked before any of them runs.
 */
function pythonEnvironment(): Environment {
  const version = spawnSync('python3', ['-c', 'import sys, venv; print(sys.version)'], { encoding: 'utf8' });
  if (version.error) return { missing: 'there is no python3' };
  if (version.status !== 0) return { missing: 'python3 has no venv' };
  const wanted = createHash('sha256').update(version.stdout).update(readFileSync(REQUIREMENTS)).digest('hex');
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'stepwell', 'tests', `python-${wanted.slice(0, 16)}`);
  const python = join(folder, 'bin', 'python');
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return { python };

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
  for (const [program, args] of [
    ['python3', ['-m', 'venv', folder]],
    [python, pip],
  ] as const) {
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: INSTALL_LIMIT_MS });
    if (status !== 0) return { missing: `${args[1]} failed: ${lastLine(stderr)}` };
  }
  writeFileSync(complete, '');
  return { python };
}

const lastLine = (text: string | null): string => text?.trim().split('\n').at(-1) ?? 'no answer';

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
  const environment = pythonEnvironment();
  return {
    name: 'Python 2.0.0',
    // No parallel steps, no waits, no invokes; its history always comes with the delivery; its runs end without a result.
    abilities: [],
    ...('missing' in environment ? { missing: environment.missing } : {}),
    app: (engineUrl) => new PythonClientApp('python' in environment ? environment.python : '', engineUrl),
  };
}
