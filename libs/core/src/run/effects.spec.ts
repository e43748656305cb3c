import { effectIdOf, EntryEffects, placeOfEffect } from './effects';

describe('the effects of an entry', () => {
  const begun = () => {
    const owed = new Map([['s:1:0', 'before']]);
    return { owed, effects: new EntryEffects<string>({ stream: 's', version: 2 }) };
  };

  it('are numbered in their order, and told with what they end', () => {
    const { owed, effects } = begun();
    expect([effects.owe(owed, 'first'), effects.owe(owed, 'second')]).toEqual(['s:2:0', 's:2:1']);
    effects.settle(owed, 's:1:0');
    expect([...owed.values()]).toEqual(['first', 'second']);
    expect(effects.changes()).toEqual({
      owed: [
        { effectId: 's:2:0', obligation: 'first' },
        { effectId: 's:2:1', obligation: 'second' },
      ],
      settled: ['s:1:0'],
    });
  });

  it('that end within the entry were never there, but for their number', () => {
    const { owed, effects } = begun();
    const own = effects.owe(owed, 'short');
    expect([effects.isOwn(own), effects.isOwn('s:1:0')]).toEqual([true, false]);
    effects.settle(owed, own);
    expect(effects.owe(owed, 'next')).toBe('s:2:1');
    expect(effects.changes()).toEqual({ owed: [{ effectId: 's:2:1', obligation: 'next' }], settled: [] });
  });

  it('end once, and not at all when they aren’t owed', () => {
    const { owed, effects } = begun();
    for (const effectId of ['s:1:0', 's:1:0', 's:1:7']) effects.settle(owed, effectId);
    expect(effects.changes()).toEqual({ owed: [], settled: ['s:1:0'] });
  });

  it('say by their id where they come from, whatever the stream is called', () => {
    expect(placeOfEffect(effectIdOf('mailbox-a:b:c', 12, 3))).toEqual({ version: 12, k: 3 });
    for (const other of ['mailbox-a', 'mailbox-a:b:1', 's:1:', 's:1:x']) {
      expect(() => placeOfEffect(other)).toThrow('no effect id');
    }
  });
});
