import { remembered } from './remembered';

describe('remembered', () => {
  const counting = () => {
    const read: string[] = [];
    return { read, of: remembered((text) => (read.push(text), text.toUpperCase())) };
  };

  it('reads a text once', () => {
    const { read, of } = counting();
    expect([of('a'), of('b'), of('a')]).toEqual(['A', 'B', 'A']);
    expect(read).toEqual(['a', 'b']);
  });

  it('keeps no long text, and never more than it may', () => {
    const { read, of } = counting();
    const long = 'x'.repeat(513);
    of(long);
    of(long);
    expect(read).toHaveLength(2);
    for (let n = 0; n < 1_001; n += 1) of(String(n));
    read.length = 0;
    of('1000');
    of('0');
    expect(read).toEqual(['0']);
  });
});
