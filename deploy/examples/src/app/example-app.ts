import { Client } from '@upstash/workflow';
import express, { type Router } from 'express';
import type { AddressInfo } from 'node:net';
import { followRun } from './follow-run';

export interface Example {
  /** Path of the workflow, and its name. */
  readonly name: string;
  /** What `serve` of `@upstash/workflow/express` gives. */
  readonly workflow: Router;
  /** Further routes of the app: stand-ins for services of others. */
  readonly routes?: Readonly<Record<string, Router>>;
  /** The payload of the run that is started when the example starts. */
  readonly payload: (appUrl: string) => unknown;
  /** Further options of that run. */
  readonly trigger?: { readonly retryDelay?: string; readonly retries?: number };
}

/**
 * An ordinary Express app with one workflow. It starts one run of it and shows its steps as they happen. QSTASH_URL, QSTASH_TOKEN and
 * the two signing keys come from the environment, as in any app that uses Upstash Workflow.
 */
export async function runExample(example: Example): Promise<void> {
  const app = express();
  // A delivery carries the results of all earlier steps: Express's default of 100 kB would refuse it some day.
  app.use(express.json({ limit: '10mb' }));
  app.use(`/${example.name}`, example.workflow);
  for (const [path, router] of Object.entries(example.routes ?? {})) app.use(path, router);
  const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const appUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  console.log(`  Example "${example.name}" listens on ${appUrl}/${example.name}`);
  stopWithParent();

  const client = new Client({ baseUrl: process.env['QSTASH_URL'] ?? '', token: process.env['QSTASH_TOKEN'] ?? '' });
  const { workflowRunId } = await client.trigger({
    url: `${appUrl}/${example.name}`,
    body: example.payload(appUrl),
    label: 'example',
    ...example.trigger,
  });
  console.log(`  Started run ${workflowRunId}\n`);
  await followRun(client, workflowRunId, (line) => {
    console.log(`  ${line}`);
  });
  console.log(
    `\n  The app stays up; start another run with the curl above and the destination ${appUrl}/${example.name}\n`,
  );
}

/** `stepwell dev` holds our standard input: when it is gone, so are we. */
function stopWithParent(): void {
  if (process.env['STEPWELL_PARENT_PIPE'] !== 'true') return;
  process.stdin.on('end', () => process.exit(0)).resume();
}
