import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { BareClient } from '../../e2e/races/bare-client';
import { finishing, runStep, type StepBody, submitting, type WireRequest } from '../../e2e/races/wire-requests';
import type { Journal } from '../work/journal';
import { stepResult } from '../work/work';

/** The payload that runs are started with. */
export interface Payload {
  readonly seed: number;
  readonly steps: number;
}

/** One element of a step list (protocol.md 7.1), as far as it is used here. */
interface Entry {
  readonly body: string;
}

/** As the official client answers (protocol.md 6). */
const HEADERS = { 'content-type': 'text/plain;charset=UTF-8', 'upstash-workflow-sdk-version': '1' };
const KEEP_ALIVE_MS = 60_000;

const decoded = ({ body }: Entry): unknown => JSON.parse(Buffer.from(body, 'base64').toString());

/**
 * A user's app on the official client's wire, without the client, whose own cost would hide the engine's: it executes the next step, submits
 * its result by `/v2/batch` before it answers the delivery, and ends the run by a DELETE. It doesn't verify signatures (those who make them
 * are measured), and takes the results before from the step list.
 */
export async function serveStepwellApp(journal: Journal, gatewayUrl: string): Promise<string> {
  const client = new BareClient(gatewayUrl);
  const server = createServer((request, response) => {
    receive(request, response).catch((error: unknown) => {
      journal.complain(String(error));
      response.writeHead(500, HEADERS).end();
    });
  });

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    journal.called();
    const entries = JSON.parse(body) as readonly Entry[];
    await advance(String(request.headers['upstash-workflow-runid']), entries);
    response.writeHead(200, HEADERS).end('{"finishCondition":"success"}');
  };

  const advance = async (id: string, [initial, ...results]: readonly Entry[]): Promise<void> => {
    if (initial === undefined) throw new Error(`${id}: an empty step list`);
    const { seed, steps } = decoded(initial) as Payload;
    const last = results.at(-1);
    const before = last === undefined ? seed : Number((decoded(last) as StepBody).out);
    const step = results.length + 1;
    if (step <= steps) {
      const result = stepResult(before, step);
      journal.executed(id, step);
      await send(submitting({ id, url: `${url}/bench` }, [runStep(step, JSON.stringify(result))]));
      return;
    }
    await send(finishing(id, JSON.stringify(before)));
    journal.ended({ id, seed, steps }, before);
  };

  const send = async (request: WireRequest): Promise<void> => {
    const answer = await client.send(request);
    if (answer.status !== 200) throw new Error(`${request.method} ${request.path}: ${answer.status} ${answer.text}`);
  };

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return `${url}/bench`;
}
