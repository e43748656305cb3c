import { read } from '../docs/pages';
import { KeptHistory } from './kept-history';

describe('KeptHistory', () => {
  const { text } = read('deploy/docs/reference/native-protocol.md');
  const chapter = text.slice(text.indexOf('## History in tails'));
  const [list, tail] = [...chapter.matchAll(/^```json\n(.*?)^```/gms)].map(
    ([, example = '']) => JSON.parse(example) as never,
  );
  const first = { stepId: 0, concurrent: 1, result: null };
  const second = { stepId: 1, concurrent: 1, result: true };
  const third = { ...second, stepId: 2 };
  const payload = Buffer.from((list as unknown as { body: string }[])[0]!.body, 'base64').toString();
  let kept: KeptHistory<string>;
  beforeEach(() => (kept = new KeptHistory((_runId, text) => text)));

  it('goes on from a list to a tail, by the examples of the page', () => {
    expect(kept.of('run', list!)).toEqual({ told: [first, second], plan: payload });
    expect(kept.of('run', tail!)).toEqual({ told: [first, second, third], plan: payload });
    expect(kept.of('run', list!)).toEqual({ told: [first, second], plan: payload });
    expect(kept.of('run', tail!)).toEqual({ told: [first, second, third], plan: payload });
  });

  it('takes no tail of what it lacks, has otherwise or has forgotten', () => {
    expect(kept.of('run', tail!)).toBeUndefined();
    kept.of('run', [
      ...(list! as object[]).slice(0, 1),
      { body: Buffer.from('{"stepId":1}').toString('base64') },
    ] as never);
    expect(kept.of('run', tail!)).toBeUndefined();
    kept.of('run', list!);
    expect(kept.of('another', tail!)).toBeUndefined();
    kept.forget('run');
    expect(kept.of('run', tail!)).toBeUndefined();
  });

  it('drops what another history contradicts', () => {
    kept.of('run', list!);
    kept.of('run', tail!);
    const other = [...(list! as object[]).slice(0, 1), { body: Buffer.from('{"stepId":9}').toString('base64') }];
    expect(kept.of('run', other as never)).toEqual({ told: [first, { stepId: 9, result: null }], plan: payload });
    expect(kept.of('run', tail!)).toBeUndefined();
  });
});
