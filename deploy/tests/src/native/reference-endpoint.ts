import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Kept } from './kept-history';
import { KeptHistory } from './kept-history';

/** Of the native protocol, in short (deploy/docs/reference/native-protocol.md): it verifies no signature, as one in use must. */
export type Step = { name: string; run?: (results: readonly unknown[]) => unknown; sleep?: Sleep; call?: string };
/** A duration, or unix time in seconds, as a header. */
export type Sleep = { 'upstash-delay': string } | { 'upstash-not-before': string };
/** One after the other; those in a list side by side. */
export type Steps = readonly (Step | readonly Step[])[];
/** The run ends with what `result` makes of theirs. */
export type Program = { steps: Steps; result: (results: readonly unknown[]) => unknown };
type Run = { id: string; payload: string };
type Encoded = { body: string };
type Work = { submissions: object[]; finish?: { body: unknown } };
const CALLED = 'upstash-callback-forward-upstash-workflow-';

export function referenceEndpoint(programOf: (run: Run) => Program, engine: { url: string; token: string }): Server {
  const kept = new KeptHistory((id, payload) => planOf(programOf({ id, payload })));
  return createServer((request, response) => {
    const work = async (): Promise<unknown> => {
      const { headers } = request;
      const runId = String(headers['upstash-workflow-runid']);
      const body: unknown = await json(request);
      if (headers['stepwell-steps'] !== 'inline') {
        // A callback: what is submitted is submitted before it is answered.
        const ask = {
          headers: { authorization: `Bearer ${engine.token}` },
          body: JSON.stringify([called(headers, body)]),
        };
        return response.writeHead((await fetch(`${engine.url}/v2/batch`, { method: 'POST', ...ask })).status).end();
      }
      const run = kept.of(runId, body as Encoded[]);
      if (run === undefined) return response.writeHead(409, { 'stepwell-history': 'whole' }).end();
      const answer = await workOn(run, headers);
      if (answer.finish !== undefined) kept.forget(runId);
      const said = { 'stepwell-history': 'tail', 'stepwell-steps': 'inline' };
      return response.writeHead(200, said).end(JSON.stringify(answer));
    };
    work().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
}

/** The steps, whose ids count from 1, and those that are side by side. Once: it is asked for at every step. */
function planOf({ steps, result }: Program) {
  let id = 0;
  return { steps: steps.flat(), groups: steps.map((group) => [group].flat().map(() => (id += 1))), result };
}

const head = (headers: IncomingHttpHeaders, name: string): string => String(headers[`upstash-workflow-${name}`] ?? '');

function item(headers: IncomingHttpHeaders, body: object, more: object = {}, to = head(headers, 'url')): object {
  const own = { 'upstash-workflow-runid': head(headers, 'runid'), 'upstash-workflow-url': head(headers, 'url') };
  return { destination: to, headers: { ...own, 'upstash-feature-set': 'WF_TriggerOnConfig', ...more }, body };
}

function called(headers: IncomingHttpHeaders, answer: unknown): object {
  const [stepId, concurrent] = [Number(head(headers, 'stepid')), Number(head(headers, 'concurrent'))];
  const out = Buffer.from((answer as Encoded).body, 'base64').toString();
  return item(headers, { stepId, stepName: head(headers, 'stepname'), stepType: 'Run', concurrent, out });
}

async function workOn(
  { told: log, plan }: Kept<ReturnType<typeof planOf>>,
  headers: IncomingHttpHeaders,
): Promise<Work> {
  const { steps, groups, result } = plan;
  const entry = (id: number, concurrent: number, more: object): object => {
    return { stepId: id, stepName: steps[id - 1]?.name, stepType: 'Run', concurrent, ...more };
  };
  const delay = (id: number): Sleep => steps[id - 1]?.sleep ?? { 'upstash-delay': '0s' };
  const results: unknown[] = [];
  for (const { stepId, result: known } of log) if (stepId > 0) results[stepId - 1] = known;
  const perform = async (id: number, size: number): Promise<Work> => {
    const { name, run, call } = steps[id - 1]!;
    if (call !== undefined) {
      const its = Object.entries({ stepid: `${id}`, stepname: name, steptype: 'Call', concurrent: `${size}` });
      const back = Object.fromEntries(its.map(([header, value]) => [CALLED + header, value]));
      const ask = { 'upstash-workflow-calltype': 'toCallback', 'upstash-callback': head(headers, 'url'), ...back };
      return { submissions: [item(headers, { asked: id }, ask, call)] };
    }
    results[id - 1] = await run?.(results);
    const out = JSON.stringify(results[id - 1]);
    const submissions = [item(headers, entry(id, size, { out }), size === 1 ? delay(id) : {})];
    return { submissions, ...(run && size === 1 && id === steps.length && { finish: { body: result(results) } }) };
  };
  const last = log.at(-1);
  if (last?.targetStep !== undefined) return perform(last.targetStep, last.concurrent);
  const ids = groups.find((group) => !group.every((id) => results[id - 1] !== undefined));
  if (ids === undefined) return { submissions: [], finish: { body: result(results) } };
  if (ids.length === 1) return perform(ids[0]!, 1);
  // Planned already: the last of the group goes on.
  if (log.some(({ targetStep }) => targetStep === ids[0])) return { submissions: [] };
  const planned = { stepId: 0, concurrent: ids.length };
  return {
    submissions: ids.map((id) =>
      item(headers, { ...entry(id, ids.length, { targetStep: id }), ...planned }, delay(id)),
    ),
  };
}
