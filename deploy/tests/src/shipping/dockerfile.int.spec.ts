// No Docker engine builds the image here; what its lines promise is checked one by one, and its health check is run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { repositoryRoot } from '../house/workspaces';

const lines = readFileSync(join(repositoryRoot, 'deploy/Dockerfile'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const finalStage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
const argumentOf = (instruction: string) =>
  finalStage.find((line) => line.startsWith(`${instruction} `))?.slice(instruction.length + 1);

test('it runs as nobody in particular, without a shell between the signal and the service', () => {
  expect(argumentOf('USER')).toBe('1000:1000');
  expect(JSON.parse(argumentOf('ENTRYPOINT') ?? '')).toEqual(['node', '--enable-source-maps', 'main.js']);
});

test('every file that a stage copies by name, or a step runs, is there', () => {
  const named = lines.flatMap((line) => line.match(/deploy\/[\w./-]+\.mjs/g) ?? []);
  expect(named).toEqual(['deploy/bundle/bundle.mjs']);
  for (const path of named) expect(existsSync(join(repositoryRoot, path))).toBe(true);
});

describe('the health check', () => {
  let server: Server;
  let status: number;

  beforeAll(async () => {
    server = createServer((request, response) => {
      response.statusCode = request.url === '/health/ready' ? status : 404;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterAll(() => server.close());

  async function check(port = (server.address() as AddressInfo).port): Promise<number> {
    const text = argumentOf('HEALTHCHECK') ?? '';
    const [, ...args] = JSON.parse(text.slice(text.indexOf('CMD ') + 4)) as string[];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, NODE_OPTIONS: '', STEPWELL_METRICS_PORT: String(port) },
    });
    const [code] = (await once(child, 'close')) as [number];
    return code;
  }

  test.each([
    [200, 0],
    [503, 1],
  ])('ready answering %d is exit code %d', async (answer, code) => {
    status = answer;
    expect(await check()).toBe(code);
  });

  test('nobody answering is exit code 1', async () => {
    expect(await check(1)).toBe(1);
  });
});
