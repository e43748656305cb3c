import type { HeaderMap } from './headers';
import type { SubmissionContext } from './parsed-submission';
import { REQUEST_HEADERS, SUBMISSION_HEADERS, TAKE_OVER_HEADERS, TRIGGER_HEADERS } from './request-headers';
import { DEFAULT_SUBMISSION_LIMITS } from './submission-settings';
import { parseSubmission } from './submission-parser';
import { parseTakeOver } from './take-over';
import { parseTrigger } from './trigger-parser';

const context: SubmissionContext = {
  messageIdIn: () => 'msg_1',
  callerIp: '',
  nowMs: 0,
  limits: DEFAULT_SUBMISSION_LIMITS,
};
const lowerCase = (names: Iterable<string>): string[] => [...names].map((name) => name.toLowerCase()).sort();

/** The names that are asked for while these headers are read. */
function namesRead(headers: HeaderMap, read: (headers: HeaderMap) => { readonly ok: boolean }): Set<string> {
  const names = new Set<string>();
  const watched = new Proxy(headers, {
    get: (target, name) => {
      if (typeof name === 'string') names.add(name);
      return Reflect.get(target, name) as unknown;
    },
  });
  expect(read(watched)).toMatchObject({ ok: true });
  return names;
}

const submitted = (headers: HeaderMap, body = ''): Set<string> =>
  namesRead(headers, (watched) => parseSubmission({ destination: 'http://app/', headers: watched, body }, context));

describe('the table of headers has what is read, and nothing else', () => {
  it('of a submission of any kind', () => {
    const run = { 'upstash-workflow-runid': 'wfr_1' };
    const failure = { 'upstash-failure-callback': 'http://app/' };
    const step = { stepId: 1, stepName: 's', stepType: 'Run' };
    const invoke = { workflowRunId: 'wfr_2', workflowUrl: 'http://app/', step };
    const callback = 'upstash-callback-forward-upstash-workflow-';
    const names = [
      submitted({ ...run, ...failure, 'upstash-workflow-init': 'true' }),
      submitted(run, JSON.stringify(step)),
      submitted({ ...run, 'upstash-workflow-invoke': 'true' }, JSON.stringify(invoke)),
      submitted({
        ...run,
        'upstash-workflow-calltype': 'toCallback',
        'upstash-callback': 'http://app/',
        [`${callback}stepid`]: '1',
        [`${callback}stepname`]: 's',
        [`${callback}steptype`]: 'Call',
        [`${callback}concurrent`]: '1',
      }),
    ];
    expect(lowerCase(new Set(names.flatMap((each) => [...each])))).toEqual(lowerCase(SUBMISSION_HEADERS));
  });

  it('of a trigger', () => {
    const names = namesRead({}, (headers) =>
      parseTrigger({ destination: 'http://app/', headers, body: '' }, context, 'a'),
    );
    expect(lowerCase(names)).toEqual(
      lowerCase([...TRIGGER_HEADERS, 'Upstash-Workflow-Url', 'Upstash-Method', 'Upstash-Feature-Set']),
    );
  });

  it('of a resume or restart', () => {
    const names = namesRead({}, (headers) => parseTakeOver(headers, context));
    expect(lowerCase(names)).toEqual(lowerCase(TAKE_OVER_HEADERS));
  });
});

it.each(Object.entries(REQUEST_HEADERS))('%s is explained in a sentence', (_name, { meaning }) => {
  expect(meaning).toMatch(/^[`A-Z].*\.$/);
});
