import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Answer, BareClient } from '../../e2e/races/bare-client';
import {
  finishing,
  planOf,
  reading,
  type RunAddress,
  runStep,
  sleeping,
  sleepingUntil,
  type StepBody,
  submitting,
  type WireRequest,
} from '../../e2e/races/wire-requests';
import type { Journal } from '../work/journal';
import { joined, numberOf, type RunOrder, stepResult, valueOf } from '../work/work';

/** The payload that runs are started with. */
export type Payload = Omit<RunOrder, 'id'>;

/** One element of a step list (protocol.md 7.1), as far as it is used here. */
interface Entry {
  readonly messageId: string;
  readonly body: string;
}

/** As the official client answers (protocol.md 6). */
const HEADERS = { 'content-type': 'text/plain;charset=UTF-8', 'upstash-workflow-sdk-version': '1' };
const KEEP_ALIVE_MS = 60_000;

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
    const id = String(request.headers['upstash-workflow-runid']);
    const entries =
      body === '' ? await fetched(id, request.headers['upstash-message-id']) : (JSON.parse(body) as readonly Entry[]);
    await advance(id, entries);
    response.writeHead(200, HEADERS).end('{"finishCondition":"success"}');
  };

  /** Of a step list that is too large for a delivery: up to what is delivered. */
  const fetched = async (id: string, messageId: string | string[] | undefined): Promise<readonly Entry[]> => {
    const { text: list } = await send(reading(`/v2/workflows/runs/${id}`));
    const entries = JSON.parse(list) as readonly Entry[];
    return entries.slice(0, entries.findIndex((entry) => entry.messageId === messageId) + 1);
  };

  const advance = async (id: string, [initial, ...log]: readonly Entry[]): Promise<void> => {
    if (initial === undefined) throw new Error(`${id}: an empty step list`);
    const order: RunOrder = { ...(decoded(initial) as Payload), id };
    journal.began(order);
    if (order.sleep !== undefined && log.length === 0) await send(asleep(order, order.sleep));
    else if (order.isFanOut) await join(order, log.slice(order.sleep === undefined ? 0 : 1).map(bodyOf));
    else await go(order, log);
  };

  /** One step after another: only the last result counts. */
  const go = async (order: RunOrder, log: readonly Entry[]): Promise<void> => {
    const done = log.length - (order.sleep === undefined ? 0 : 1);
    const before = done === 0 ? order.seed : outOf(bodyOf(log.at(-1)!), order);
    if (done < order.steps) await execute(order, done + 1, before);
    else await end(order, before);
  };

  /** Steps side by side: they are planned, executed each for a delivery of its own, and whoever comes last ends the run. */
  const join = async (order: RunOrder, log: readonly StepBody[]): Promise<void> => {
    const { steps, seed } = order;
    const planned = log.at(-1)?.targetStep;
    if (planned !== undefined) return execute(order, planned - (order.sleep === undefined ? 0 : 1), seed);
    const results = log.filter(({ stepId }) => stepId > 0).sort((a, b) => a.stepId - b.stepId);
    if (results.length === steps)
      return end(
        order,
        joined(
          seed,
          results.map((result) => outOf(result, order)),
        ),
      );
    const first = order.sleep === undefined ? 1 : 2;
    const plans = Array.from({ length: steps }, (_, index) => planOf(first + index, steps));
    if (log.length === 0) await send(submitting(addressOf(order), plans));
  };

  const execute = async (order: RunOrder, step: number, before: number): Promise<void> => {
    const out = JSON.stringify(valueOf(stepResult(before, step), order));
    journal.executed(order, step);
    const stepId = step + (order.sleep === undefined ? 0 : 1);
    await send(submitting(addressOf(order), [runStep(stepId, out, order.isFanOut ? order.steps : 1)]));
  };

  const end = async (order: RunOrder, result: number): Promise<void> => {
    await send(finishing(order.id, JSON.stringify(result)));
    journal.ended(order, result);
  };

  const asleep = (order: RunOrder, sleep: NonNullable<RunOrder['sleep']>): WireRequest =>
    'forS' in sleep
      ? sleeping(addressOf(order), 1, `${sleep.forS}s`)
      : sleepingUntil(addressOf(order), 1, sleep.untilS);

  const send = async (request: WireRequest): Promise<Answer> => {
    const answer = await client.send(request);
    if (answer.status !== 200) throw new Error(`${request.method} ${request.path}: ${answer.status} ${answer.text}`);
    return answer;
  };

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bench`;
  const addressOf = ({ id }: RunOrder): RunAddress => ({ id, url });
  return url;
}

const decoded = ({ body }: Entry): unknown => JSON.parse(Buffer.from(body, 'base64').toString());
const bodyOf = (entry: Entry): StepBody => decoded(entry) as StepBody;
const outOf = ({ out = 'null' }: StepBody, order: RunOrder): number => numberOf(JSON.parse(out), order);
