import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { repositoryRoot } from '../../house/workspaces';
import { pythonEnvironment } from '../python-environment';
import { seedOfThisRun } from '../random';
import { DEV, isAlive, StepwellUnderTest } from '../stepwell-under-test';

/*
 * The reference of the API in the hands of somebody else's fuzzer, against a whole Stepwell: no fault, and every answer as the reference
 * says, which here is judged by a program that has never seen ours.
 */

const SETTINGS = join(__dirname, 'schemathesis.toml');
const REFERENCE = join(repositoryRoot, 'deploy/docs/reference/openapi.yaml');
const EXAMPLES_AN_OPERATION = 100;
const LIMIT_MS = 600_000;
/**
 * That what isn't allowed is refused, and what is allowed taken, is more than schemas can say of headers and durations. Methods that
 * nobody has are tried in served-operations.int.spec.ts.
 */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'ignored_auth',
];

const environment = pythonEnvironment(join(__dirname, 'requirements.txt'));
if ('missing' in environment) {
  describe.skip('schemathesis', () => it(`can't be had here: ${environment.missing}`, () => undefined));
} else {
  describe('schemathesis', () => findsNothing(environment.python));
}

function findsNothing(python: string): void {
  const stepwell = new StepwellUnderTest('one', { STEPWELL_LOG_LEVEL: 'info', STEPWELL_LOG_FORMAT: 'json' });
  const seed = seedOfThisRun();
  beforeAll(() => stepwell.start(), 180_000);
  afterAll(() => stepwell.remove(), 60_000);

  it(
    `finds nothing (seed ${seed})`,
    async () => {
      const engine = stepwell.processes()['engine'] ?? 0;
      const document = join(stepwell.dataDir, 'openapi.yaml');
      writeFileSync(document, stringify(atHome(parse(readFileSync(REFERENCE, 'utf8')))));
      const { code, said } = await schemathesis(python, stepwell.dataDir, [
        ...['--config-file', SETTINGS, 'run', document, '--url', stepwell.url, '--seed', String(seed), '--no-color'],
        ...['--header', `Authorization: Bearer ${DEV.token}`, '--phases', 'coverage,fuzzing'],
        ...['--checks', CHECKS.join(), '--max-examples', String(EXAMPLES_AN_OPERATION), '--warnings', 'off'],
      ]);
      expect({ code, said: code === 0 ? '' : said }).toEqual({ code: 0, said: '' });
      expect(said).toMatch(/Tested: \d{2}/);
      expect(stepwell.processes()['engine']).toBe(engine);
      expect(isAlive(engine)).toBe(true);
      expect(stepwell.said.match(/^\{"level":"(error|fatal)".*|.*unhandled.*|.* ended .*$/gim)).toBeNull();
    },
    LIMIT_MS,
  );
}

/** The same document, but wherever a URL is wanted it is one of nobody on this machine. */
function atHome(value: unknown): unknown {
  const url = 'http://127.0.0.1:1/';
  if (Array.isArray(value)) return value.map(atHome);
  if (typeof value !== 'object' || value === null) return value;
  const within = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, atHome(each)]));
  const isUrl = (text: unknown): boolean => typeof text === 'string' && /^https?:/.test(text);
  const { format, examples, example } = within;
  const wantsUrl = format === 'uri' || (Array.isArray(examples) && examples.some(isUrl));
  if (wantsUrl) return { type: 'string', enum: [url] };
  return isUrl(example) ? { ...within, example: url } : within;
}

/** In a folder of its own: it leaves things where it runs. */
async function schemathesis(
  python: string,
  folder: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn(join(dirname(python), 'schemathesis'), args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(child, 'close', { signal: AbortSignal.timeout(LIMIT_MS) });
  const lines = Buffer.concat(chunks).toString().split('\n');
  return { code: child.exitCode, said: lines.map((line) => line.slice(0, 500)).join('\n') };
}
