import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Told } from './kept-history';
import { KeptHistory } from './kept-history';

/** Of the native protocol, in short (deploy/docs/reference/native-protocol.md): it verifies no signature, as one in use must. */
export type Step = { name: string; run?: (results: readonly unknown[]) => unknown; sleep?: string; call?: string };
/** One after the other; those in a list side by side. The run's result is the list of theirs. */
export type Program = readonly (Step | readonly Step[])[];
type Encoded = { body: string };
type Work = { submissions: object[]; finish?: { body: unknown } };
const CALLED = 'upstash-callback-forward-upstash-workflow-';

export function referenceEndpoint(program: Program, engine: { readonly url: string; readonly token: string }): Server {
  const kept = new KeptHistory();
  const plan = planOf(program);
  return createServer((request, response) => {
    const work = async (): Promise<unknown> => {
      const { headers } = request;
      const runId = String(headers['upstash-workflow-runid']);
      const body: unknown = await json(request);
      const isAnnounced = headers['stepwell-steps'] === 'inline';
      const log = isAnnounced ? kept.of(runId, body as Encoded[]) : [];
      if (log === undefined) return response.writeHead(409, { 'stepwell-history': 'whole' }).end();
      if (isAnnounced) response.setHeader('stepwell-history', 'tail');
      const answer = await workOn(plan, headers, log, body);
      if (answer.finish !== undefined) kept.forget(runId);
      if (isAnnounced) return response.setHeader('stepwell-steps', 'inline').end(JSON.stringify(answer));
      // A callback: what is submitted is submitted before it is answered.
      const ask = { headers: { authorization: `Bearer ${engine.token}` }, body: JSON.stringify(answer.submissions) };
      return response.writeHead((await fetch(`${engine.url}/v2/batch`, { method: 'POST', ...ask })).status).end();
    };
    work().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
}

/** The steps, whose ids count from 1, and those that are side by side. Once: it is asked for at every step. */
function planOf(program: Program): { steps: readonly Step[]; groups: readonly (readonly number[])[] } {
  let id = 0;
  return { steps: program.flat(), groups: program.map((group) => [group].flat().map(() => (id += 1))) };
}

async function workOn(
  { steps, groups }: ReturnType<typeof planOf>,
  headers: IncomingHttpHeaders,
  log: readonly Told[],
  body: unknown,
): Promise<Work> {
  const head = (name: string): string => String(headers[`upstash-workflow-${name}`] ?? '');
  const own = { 'upstash-workflow-runid': head('runid'), 'upstash-workflow-url': head('url') };
  const item = (content: object, more: object = {}, destination = head('url')): object => {
    return { destination, headers: { ...own, 'upstash-feature-set': 'WF_TriggerOnConfig', ...more }, body: content };
  };
  const entry = (id: number, concurrent: number, more: object): object => {
    return { stepId: id, stepName: steps[id - 1]?.name, stepType: 'Run', concurrent, ...more };
  };
  const delay = (id: number): object => ({ 'upstash-delay': steps[id - 1]?.sleep ?? '0s' });
  if (head('steptype') === 'Call') {
    const out = Buffer.from((body as Encoded).body, 'base64').toString();
    return { submissions: [item(entry(Number(head('stepid')), Number(head('concurrent')), { out }))] };
  }
  const results: unknown[] = [];
  for (const { stepId, result } of log) if (stepId > 0) results[stepId - 1] = result;
  const perform = async (id: number, size: number): Promise<Work> => {
    const { name, run, call } = steps[id - 1]!;
    if (call !== undefined) {
      const its = Object.entries({ stepid: `${id}`, stepname: name, steptype: 'Call', concurrent: `${size}` });
      const back = Object.fromEntries(its.map(([header, value]) => [CALLED + header, value]));
      const ask = { 'upstash-workflow-calltype': 'toCallback', 'upstash-callback': head('url'), ...back };
      return { submissions: [item({ asked: id }, ask, call)] };
    }
    results[id - 1] = await run?.(results);
    const result = item(entry(id, size, { out: JSON.stringify(results[id - 1]) }), size === 1 ? delay(id) : {});
    return { submissions: [result], ...(run && size === 1 && id === steps.length && { finish: { body: results } }) };
  };
  const last = log.at(-1);
  if (last?.targetStep !== undefined) return perform(last.targetStep, last.concurrent);
  const ids = groups.find((group) => !group.every((id) => results[id - 1] !== undefined));
  if (ids === undefined) return { submissions: [], finish: { body: results } };
  if (ids.length === 1) return perform(ids[0]!, 1);
  // Planned already: the last of the group goes on.
  if (log.some(({ targetStep }) => targetStep === ids[0])) return { submissions: [] };
  const planned = (id: number): object => item({ ...entry(id, ids.length, { targetStep: id }), stepId: 0 }, delay(id));
  return { submissions: ids.map(planned) };
}
