import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AttemptReport, HeaderList, RunAnnouncement } from '@stepwell/core';
import { announcementOf, publicStream, runTopic } from '@stepwell/core';
import { RunScenario } from '@stepwell/core/testing';
import Ajv from 'ajv';
import { parse } from 'yaml';
import { repositoryRoot } from '../house/workspaces';

/* `deploy/docs/reference/topics.asyncapi.yaml` is what outsiders build on: it must be true of what the code announces. */

interface Schema {
  readonly properties: Readonly<Record<string, Schema>>;
}
interface AsyncApi {
  readonly channels: {
    readonly runEnded: {
      readonly address: string;
      readonly parameters: { readonly outcome: { readonly enum: readonly RunAnnouncement['outcome'][] } };
    };
  };
  readonly components: {
    readonly messages: {
      readonly RunAnnouncement: { readonly examples: readonly { readonly payload: RunAnnouncement }[] };
    };
    readonly schemas: { readonly RunAnnouncement: Schema };
  };
}

const file = join(repositoryRoot, 'deploy/docs/reference/topics.asyncapi.yaml');
const document = parse(readFileSync(file, 'utf8')) as AsyncApi;
const { runEnded } = document.channels;
const schema = document.components.schemas.RunAnnouncement;

/** Outsiders are told to ignore what they don't know; here whatever isn't documented is a fault. */
const strict = new Ajv({ allErrors: true }).compile({
  ...schema,
  additionalProperties: false,
  properties: {
    ...schema.properties,
    failure: { ...schema.properties['failure'], additionalProperties: false },
  },
});
const faultsOf = (announcement: unknown): unknown => (strict(announcement) ? [] : strict.errors);

const FROM_CLIENT: HeaderList = [['upstash-workflow-sdk-version', '1']];

/** Every way a run ends, by the deciders themselves. */
const ended: Record<string, () => RunAnnouncement | undefined> = {
  'completed with a result': () => {
    const scenario = started();
    scenario.finish('{"mailsSent":2}');
    return announcementOf(scenario.run, '{"mailsSent":2}');
  },
  'completed with a result that is too large to be shown': () => {
    const scenario = started();
    scenario.finish('x'.repeat(100_000));
    return announcementOf(scenario.run, undefined);
  },
  'completed without a result': () => {
    const scenario = started();
    scenario.finish();
    return announcementOf(scenario.run, undefined);
  },
  cancelled: () => {
    const scenario = started();
    scenario.cancel();
    return announcementOf(scenario.run, undefined);
  },
  'failed with an answer': () =>
    failed({ status: 500, headers: [...FROM_CLIENT, ['upstash-error-step-name', 'charge']] }),
  'failed without an answer': () =>
    failed({ headers: [], error: { code: 'CONNECTION_FAILED', message: 'connection refused' } }),
};

function started(): RunScenario {
  const scenario = new RunScenario();
  scenario.start({ labels: ['trial'], retries: 0 });
  return scenario;
}

function failed(attempt: Partial<AttemptReport>): RunAnnouncement | undefined {
  const scenario = started();
  for (const { messageId } of scenario.open()) scenario.report(messageId, attempt);
  return announcementOf(scenario.run, undefined);
}

describe('the public topics', () => {
  it.each(Object.entries(ended))('are described as they are: %s', (how, end) => {
    const announcement = end();
    expect(announcement?.outcome).toBe(how.split(' ', 1)[0]);
    // As it travels: what is `undefined` is not there.
    expect(faultsOf(JSON.parse(JSON.stringify(announcement)))).toEqual([]);
  });

  it('have the documented subjects, all of them on the public stream', () => {
    for (const outcome of runEnded.parameters.outcome.enum) {
      const subject = runEnded.address.replace('{outcome}', outcome).replace('{workflow}', 'onboarding');
      expect(runTopic(outcome, 'onboarding')).toBe(subject);
      expect(publicStream.subjects).toEqual([`${subject.split('.').slice(0, 2).join('.')}.>`]);
    }
    expect(runTopic('failed', 'zürich nord')).toBe(
      `stepwell.runs.failed.b64_${Buffer.from('zürich nord').toString('base64url')}`,
    );
  });

  it('have examples that are right', () => {
    const { examples } = document.components.messages.RunAnnouncement;
    expect(examples.map(({ payload }) => faultsOf(payload))).toEqual(examples.map(() => []));
    for (const { payload } of examples) expect(payload.id).toBe(`${payload.workflowRunId}:${payload.outcome}`);
  });

  it.each([
    ['a missing field', { id: 'x' }],
    ['a time that is text', { ...document.components.messages.RunAnnouncement.examples[0]?.payload, createdAt: 'now' }],
    [
      'a field that is not documented',
      { ...document.components.messages.RunAnnouncement.examples[0]?.payload, more: 1 },
    ],
  ])('would show %s', (_what, announcement) => {
    expect(faultsOf(announcement)).not.toEqual([]);
  });
});
