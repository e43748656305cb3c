import { readFileSync } from 'node:fs';
import { probesIn } from './probes';
import { DEV, StepwellUnderTest } from './stepwell-under-test';
import { WorkflowApp } from './workflow-app';
import { sequential } from './workflows';

/*
 * What strangers and misconfigured clients send, through five real processes: the right status, a code, a sentence, never a fault; and
 * afterwards everything works as before. (The gateway alone is tortured more widely in hostile-requests.int.spec.ts.)
 */
const stepwell = new StepwellUnderTest('five', { STEPWELL_LOG_LEVEL: 'info', STEPWELL_LOG_FORMAT: 'json' });
let app: WorkflowApp;
let endedRun = '';

beforeAll(async () => {
  await stepwell.start();
  app = new WorkflowApp({ engineUrl: stepwell.url });
  app.add('sequential', sequential(3));
  await app.start();
  endedRun = await app.trigger('sequential');
  await app.ended(endedRun);
}, 180_000);

afterAll(async () => {
  await app.stop();
  await stepwell.remove();
}, 60_000);

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Undefined: the right one; '': none. */
  readonly token?: string;
}

async function send(path: string, { method = 'GET', headers = {}, body, token = DEV.token }: Sent = {}) {
  const response = await fetch(stepwell.url + path, {
    method,
    headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...headers },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, json: JSON.parse(await response.text()) as unknown };
}

const refusal = (status: number, code: string) => ({
  status,
  json: { error: expect.stringMatching(/\w{3}/) as string, code },
});

const START = { 'upstash-workflow-init': 'true', 'upstash-workflow-runid': 'wfr_bad' };
const item = (headers: Record<string, string>, body = '', destination = `${app.url}/sequential`) =>
  JSON.stringify([{ destination, headers, body }]);
const batch = (body: string | Uint8Array<ArrayBuffer>) => send('/v2/batch', { method: 'POST', body });

describe('who may come in', () => {
  it.each(['', 'wrong', `${DEV.token}x`])('token "%s"', async (token) => {
    for (const path of ['/v2/batch', '/v2/publish/http://127.0.0.1/'])
      expect(await send(path, { method: 'POST', token, body: '[]' })).toEqual(refusal(401, 'UNAUTHORIZED'));
    for (const path of ['/v2/keys', '/v2/workflows/logs', `/v2/workflows/runs/${endedRun}`])
      expect(await send(path, { token })).toEqual(refusal(401, 'UNAUTHORIZED'));
  });
});

describe('a batch', () => {
  it.each<[string, string | Uint8Array<ArrayBuffer>, string]>([
    ['cut off', '[{"destination":', 'INVALID_JSON'],
    ['no text', new Uint8Array([0x22, 0xff, 0x22]), 'INVALID_JSON'],
    ['nothing', '', 'INVALID_JSON'],
    ['a number', '5', 'INVALID_BODY'],
    ['without a destination', '[{}]', 'INVALID_BODY'],
    ['nested deeply', `[${'['.repeat(100_000)}${']'.repeat(100_000)}]`, 'INVALID_BODY'],
  ])('%s', async (_what, body, code) => {
    expect(await batch(body)).toEqual(refusal(400, code));
  });

  it.each(['nowhere', 'ftp://example.com/', 'http://', 'http://exa mple.com/', 'javascript:alert(1)'])(
    'to %s',
    async (destination) => {
      expect(await batch(item(START, '', destination))).toEqual(refusal(400, 'INVALID_DESTINATION'));
    },
  );

  const headersRefused: [Record<string, string>, number, string][] = [
    [{ 'upstash-delay': 'soon' }, 400, 'INVALID_DURATION'],
    [{ 'upstash-delay': '-5s' }, 400, 'INVALID_DURATION'],
    [{ 'upstash-delay': '100y' }, 412, 'QUOTA_EXCEEDED'],
    [{ 'upstash-not-before': 'tomorrow' }, 400, 'INVALID_HEADER'],
    [{ 'upstash-not-before': '1700000000000000' }, 400, 'INVALID_HEADER'],
    [{ 'upstash-retries': 'many' }, 400, 'INVALID_HEADER'],
    [{ 'upstash-retries': '-1' }, 400, 'INVALID_HEADER'],
    [{ 'upstash-retries': '99999999999999999999' }, 412, 'QUOTA_EXCEEDED'],
    [{ 'upstash-retry-delay': 'pow(2' }, 400, 'INVALID_RETRY_DELAY'],
    [{ 'upstash-retry-delay': 'process.exit(1)' }, 400, 'INVALID_RETRY_DELAY'],
    [{ 'upstash-retry-delay': '('.repeat(10_000) }, 400, 'INVALID_RETRY_DELAY'],
    [{ 'upstash-flow-control-key': 'k' }, 400, 'INVALID_FLOW_CONTROL'],
    [{ 'upstash-flow-control-key': 'k', 'upstash-flow-control-value': 'fast' }, 400, 'INVALID_FLOW_CONTROL'],
    [{ 'upstash-flow-control-key': 'k k', 'upstash-flow-control-value': 'rate=1' }, 400, 'INVALID_FLOW_CONTROL'],
    [{ 'upstash-label': 'a b' }, 400, 'INVALID_LABEL'],
    [{ 'upstash-forward-x': 'a\r\nInjected: yes' }, 400, 'INVALID_HEADER'],
    [{ 'upstash-forward-a b': 'x' }, 400, 'INVALID_HEADER'],
    [{ 'upstash-method': 'CONNECT' }, 400, 'INVALID_HEADER'],
    [{ 'upstash-failure-callback': 'nowhere' }, 400, 'INVALID_DESTINATION'],
    [{ 'upstash-workflow-runid': 'x'.repeat(600) }, 400, 'INVALID_RUN_ID'],
    [{ 'upstash-workflow-runid': '' }, 400, 'INVALID_RUN_ID'],
    [{ 'upstash-cron': 'nonsense' }, 400, 'INVALID_CRON'],
    [{ 'upstash-cron': '*/5 * * * *' }, 501, 'NOT_SUPPORTED'],
    [{ 'upstash-workflow-invoke': 'true' }, 400, 'INVALID_JSON'],
  ];
  it.each(headersRefused.map((row) => [JSON.stringify(row[0]).slice(0, 80), ...row] as const))(
    'with %s',
    async (...row) => {
      const [, headers, status, code] = row;
      expect(await batch(item({ ...START, ...headers }))).toEqual(refusal(status, code));
    },
  );

  it('of 20 MB', async () => {
    expect(await batch(item(START, 'x'.repeat(20 * 1024 * 1024)))).toEqual(refusal(413, 'BODY_TOO_LARGE'));
  });
});

describe('a run', () => {
  const step = { stepId: 1, stepName: 's', stepType: 'Run', out: '1', concurrent: 1 };
  const stepHeaders = (runId: string) => ({ 'upstash-workflow-runid': runId, 'upstash-workflow-calltype': 'step' });

  it.each(['wfr_unknown', '%zz', 'a/b'])('unknown as %s', async (runId) => {
    const path = `/v2/workflows/runs/${runId}`;
    expect(await send(path)).toEqual(refusal(404, 'UNKNOWN_RUN'));
    expect(await send(`${path}?cancel=true`, { method: 'DELETE' })).toEqual(refusal(404, 'UNKNOWN_RUN'));
    expect((await send(`/v2/workflows/logs?workflowRunId=${encodeURIComponent(runId)}`)).json).toMatchObject({
      runs: [],
    });
  });

  it('that is unknown takes no step (400 stops the client), and is finished already', async () => {
    const sent = item(stepHeaders('wfr_unknown'), JSON.stringify(step));
    const answer = await batch(sent);
    expect([answer.status, (answer.json as { code: string }).code]).toEqual([400, 'RUN_ENDED']);
    expect(await send('/v2/workflows/runs/wfr_unknown?cancel=false', { method: 'DELETE', body: '"x"' })).toMatchObject({
      status: 200,
    });
  });

  it('that has ended takes no step, and its end stays what it was', async () => {
    const before = await app.log(endedRun);
    expect(await batch(item(stepHeaders(endedRun), JSON.stringify(step)))).toEqual(refusal(400, 'RUN_ENDED'));
    expect(await send(`/v2/workflows/runs/${endedRun}?cancel=false`, { method: 'DELETE', body: '9' })).toMatchObject({
      status: 200,
    });
    expect(await send(`/v2/workflows/runs/${endedRun}`, { method: 'DELETE' })).toEqual({
      status: 200,
      json: { cancelled: 0 },
    });
    expect(await app.log(endedRun)).toEqual(before);
  });

  it.each([
    ['not JSON', '{', 'INVALID_JSON'],
    ['a list', '[]', 'INVALID_JSON'],
    ['without a name', '{"stepId":1,"stepType":"Run"}', 'INVALID_BODY'],
    ['with a broken number', '{"stepId":1.5,"stepName":"s","stepType":"Run"}', 'INVALID_BODY'],
  ])('takes no step that is %s', async (_what, body, code) => {
    expect(await batch(item(stepHeaders(endedRun), body))).toEqual(refusal(400, code));
  });

  it('is ended one way or the other', async () => {
    expect(await send(`/v2/workflows/runs/${endedRun}?cancel=maybe`, { method: 'DELETE' })).toEqual(
      refusal(400, 'INVALID_QUERY'),
    );
  });
});

describe('a question', () => {
  it.each(['count=ten', 'count=0', 'state=DONE', 'fromDate=yesterday', 'labeel=x', 'cursor=nonsense'])(
    'with %s',
    async (query) => {
      expect(await send(`/v2/workflows/logs?${query}`)).toEqual(refusal(400, 'INVALID_QUERY'));
    },
  );

  it.each<[string, string, number, string]>([
    ['POST', '/v2/schedules/http://127.0.0.1/', 501, 'NOT_SUPPORTED'],
    ['POST', '/v2/enqueue/q/http://127.0.0.1/', 501, 'NOT_SUPPORTED'],
    ['POST', '/v2/notify/', 404, 'NOT_FOUND'],
    ['POST', '/v2/notify/wfr_unknown/event', 404, 'UNKNOWN_RUN'],
    ['POST', '/v2/wait/event', 400, 'INVALID_JSON'],
    ['POST', '/v2/workflows/hooks/nobody/wfr_1/evt_1', 404, 'NOT_FOUND'],
    ['POST', '/v2/workflows/dlq/resume/dlq_1.wfr_1', 404, 'UNKNOWN_DEAD_LETTER'],
    ['GET', '/v2/messages/msg_1.wfr_1', 404, 'UNKNOWN_MESSAGE'],
    ['GET', '/v2/dlq', 501, 'NOT_SUPPORTED'],
    ['DELETE', '/v2/workflows/runs?labeel=x', 400, 'INVALID_QUERY'],
    ['DELETE', '/v2/messages?label=x', 501, 'NOT_SUPPORTED'],
    ['PUT', '/v2/keys', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/v2/batch', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/v2/nothing', 404, 'NOT_FOUND'],
    ['GET', '/v2//keys', 404, 'NOT_FOUND'],
  ])('that nobody answers here: %s %s', async (method, path, status, code) => {
    expect(await send(path, { method, headers: { 'upstash-cron': 'nonsense' } })).toEqual(refusal(status, code));
  });

  it('sent as a publish: a destination, a body of 20 MB', async () => {
    expect(await send('/v2/publish/nowhere', { method: 'POST', headers: START })).toEqual(
      refusal(400, 'INVALID_DESTINATION'),
    );
    expect(
      await send(`/v2/publish/${app.url}/sequential`, {
        method: 'POST',
        headers: START,
        body: new Uint8Array(20 * 1024 * 1024),
      }),
    ).toEqual(refusal(413, 'BODY_TOO_LARGE'));
  });
});

/* The last of all: whatever was sent, nobody has died of it, nothing has come of it, and the next workflow runs. */
describe('after all of that', () => {
  it('every service is ready, has logged no error and was never started again', async () => {
    const probes = probesIn(stepwell.logFile);
    expect(probes.map(({ service }) => service).sort()).toEqual([
      'event-notifier',
      'gateway',
      'http-caller',
      'run-state',
      'scheduler',
    ]);
    for (const { url } of probes) expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    expect(readFileSync(stepwell.logFile, 'utf8').match(/^\{"level":"(error|fatal)".*|.* ended .*$/gm)).toBeNull();
  });

  it('no run has come of it, and a workflow runs', async () => {
    const { runs } = await app.client.logs();
    expect(runs.map(({ workflowRunId }) => workflowRunId)).toEqual([endedRun]);
    const log = await app.ended(await app.trigger('sequential'));
    expect(log).toMatchObject({ workflowState: 'RUN_SUCCESS', workflowRunResponse: '6' });
  });
});
