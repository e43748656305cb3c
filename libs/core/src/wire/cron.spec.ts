import fc from 'fast-check';
import { parseCron } from './cron';

describe('a cron expression (protocol.md 13.5)', () => {
  it.each([
    '* * * * *',
    '*/5 0-6,22 1,15 jan-mar mon-fri',
    'CRON_TZ=Europe/Vienna 30 9 * * 1',
    '59 23 31 12 7',
    '  0 0 * * 0  ',
  ])('is read: %s', (text) => {
    expect(parseCron(text)).toEqual({ ok: true, value: text.trim() });
  });

  it.each([
    '',
    'nonsense',
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    '1-2-3 * * * *',
    '1/2/3 * * * *',
    ', * * * *',
  ])('is refused: %j', (text) => {
    expect(parseCron(text)).toMatchObject({ ok: false, problem: { code: 'INVALID_CRON' } });
  });

  it('is never a reason to throw', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof parseCron(text).ok === 'boolean'));
  });
});
