import type { StreamInfo } from 'nats';
import { LossWatch } from './loss.watch';

const stream = (created: string, lastSeq: number): StreamInfo =>
  ({ config: { name: 'S' }, created, state: { last_seq: lastSeq } }) as StreamInfo;

/** E3: three signs of a loss, and nothing else. */
describe('the loss watch', () => {
  const watching = (): LossWatch => {
    const watch = new LossWatch();
    expect(watch.compare('server', [stream('monday', 5_000)], watch.marks())).toBe(false);
    watch.acknowledged('S', 5_100);
    return watch;
  };

  test('says nothing while all is as it was, or further', () => {
    const watch = watching();
    expect(watch.compare('server', [stream('monday', 5_100)], watch.marks())).toBe(false);
    expect(watch.compare('server', [stream('monday', 9_000)], watch.marks())).toBe(false);
  });

  test('another server', () => {
    const watch = watching();
    expect(watch.compare('another', [stream('monday', 5_100)], watch.marks())).toBe(true);
    expect(watch.compare('another', [stream('monday', 5_100)], watch.marks())).toBe(false);
  });

  test('a stream made anew', () => {
    const watch = watching();
    expect(watch.compare('server', [stream('tuesday', 6_000)], watch.marks())).toBe(true);
  });

  test('a stream that went back in time, told once', () => {
    const watch = watching();
    expect(watch.compare('server', [stream('monday', 100)], watch.marks())).toBe(true);
    expect(watch.compare('server', [stream('monday', 100)], watch.marks())).toBe(false);
  });

  test('an acknowledgement below the highest asks for a look', () => {
    const watch = watching();
    expect(watch.acknowledged('S', 5_101)).toBe(true);
    expect(watch.acknowledged('S', 101)).toBe(false);
    expect(watch.compare('server', [stream('monday', 101)], watch.marks())).toBe(true);
  });

  test('what is acknowledged while the answer travels is no loss', () => {
    const watch = watching();
    const marks = watch.marks();
    watch.acknowledged('S', 5_200);
    expect(watch.compare('server', [stream('monday', 5_100)], marks)).toBe(false);
    expect(watch.compare('server', [stream('monday', 5_199)], watch.marks())).toBe(true);
  });
});
