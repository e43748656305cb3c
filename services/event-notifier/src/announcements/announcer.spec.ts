import type { AnnounceItem } from '@stepwell/core';
import { Announcer } from './announcer';

const ITEM: AnnounceItem = {
  effectId: 'run-1:3:0',
  partition: 5,
  announcement: {
    id: 'wfr_1:failed',
    outcome: 'failed',
    workflowRunId: 'wfr_1',
    workflow: 'onboarding',
    workflowUrl: 'http://app/onboarding',
    createdAt: 1,
    completedAt: 2,
    labels: [],
  },
};

/** Each step ends when the test says so; what `announce` resolves to is what acknowledges the item. */
function world() {
  const journal: string[] = [];
  const gates = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const step = (name: string) => {
    journal.push(name);
    return new Promise<void>((resolve, reject) => gates.set(name, { resolve, reject }));
  };
  const announcer = new Announcer(
    { publish: ({ id }) => step(`publish ${id}`) },
    { settled: (partition, effectId) => step(`settle ${effectId} at ${partition}`) },
    { ended: (outcome, result) => journal.push(`${outcome} ${result}`) },
  );
  const end = announcer.announce(ITEM).then(
    () => journal.push('acknowledged'),
    () => journal.push('seen again'),
  );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { journal, end, turn, gate: (name: string) => gates.get(name) };
}

const PUBLISH = 'publish wfr_1:failed';
const SETTLE = 'settle run-1:3:0 at 5';

describe('Announcer', () => {
  it('acknowledges after the receipt, which it sends after the publication (1)', async () => {
    const { journal, end, turn, gate } = world();
    await turn();
    expect(journal).toEqual([PUBLISH]);
    gate(PUBLISH)?.resolve();
    await turn();
    expect(journal).toEqual([PUBLISH, SETTLE]);
    gate(SETTLE)?.resolve();
    await end;
    expect(journal).toEqual([PUBLISH, SETTLE, 'failed told', 'acknowledged']);
  });

  it('sends no receipt for what was not published', async () => {
    const { journal, end, gate } = world();
    gate(PUBLISH)?.reject(new Error('no stream'));
    await end;
    expect(journal).toEqual([PUBLISH, 'failed given-back', 'seen again']);
  });

  it('does not acknowledge what run-state does not know', async () => {
    const { journal, end, turn, gate } = world();
    gate(PUBLISH)?.resolve();
    await turn();
    gate(SETTLE)?.reject(new Error('nobody answered'));
    await end;
    expect(journal).toEqual([PUBLISH, SETTLE, 'failed given-back', 'seen again']);
  });
});
