import { createLogger } from './logger';
import { NestLogger } from './nest-logger';
import { prettyLine } from './pretty-line';

const collected = (logFormat: 'json' | 'pretty' = 'json', logLevel: 'info' | 'trace' = 'info') => {
  const lines: string[] = [];
  const logger = createLogger({ logLevel, logFormat }, 'example', { write: (line) => lines.push(line) });
  return { logger, lines, entries: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
};

describe('createLogger', () => {
  it('writes one JSON object per line with the agreed names', () => {
    const { logger, entries, lines } = collected();
    logger.info({ runId: 'wfr_1', attempt: 2 }, 'delivered');
    expect(lines[0]?.endsWith('\n')).toBe(true);
    expect(entries()[0]).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      service: 'example',
      version: expect.any(String) as string,
      pid: process.pid,
      runId: 'wfr_1',
      attempt: 2,
      msg: 'delivered',
    });
  });

  it('writes an error with type, message, stack and code', () => {
    const { logger, entries } = collected();
    logger.error({ err: Object.assign(new TypeError('no'), { code: 'E_NO' }) }, 'failed');
    expect(entries()[0]).toMatchObject({ err: { type: 'TypeError', message: 'no', code: 'E_NO' } });
  });

  it('redacts tokens and signatures, at the top and below', () => {
    const { logger, lines } = collected();
    logger.info(
      { token: 'hunter2', headers: { authorization: 'Bearer hunter2', 'upstash-signature': 'hunter2' } },
      'x',
    );
    logger.info({ request: { headers: { 'upstash-forward-authorization': 'hunter2' } } }, 'y');
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines.join('')).toContain('[redacted]');
  });

  it('redacts what an error carries and what stands in a list, and leaves them what they are', () => {
    const { logger, lines } = collected();
    logger.error({ err: Object.assign(new Error('broken'), { authorization: 'hunter2' }) }, 'failed');
    logger.info({ headers: [{ cookie: 'hunter2' }] }, 'listed');
    expect(lines.join('')).not.toContain('hunter2');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      err: { type: 'Error', message: 'broken', stack: expect.any(String) },
    });
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ headers: [{ cookie: '[redacted]' }] });
  });

  it('changes nothing of what it was given', () => {
    const { logger } = collected();
    const fields = { headers: { authorization: 'Bearer x', accept: '*/*' } };
    logger.info(fields, 'x');
    expect(fields).toEqual({ headers: { authorization: 'Bearer x', accept: '*/*' } });
  });

  it('leaves out what is below the level', () => {
    const { logger, lines } = collected();
    logger.debug('too much');
    expect(lines).toEqual([]);
  });

  it('writes for people when asked to', () => {
    const { logger, lines } = collected('pretty');
    logger.warn({ runId: 'wfr_1', durationMs: 3 }, 'slow');
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}example {2}slow {2}runId=wfr_1 {2}durationMs=3\n$/);
    logger.error({ err: new Error('broken') }, 'failed');
    expect(lines[1]).toMatch(/failed\n {2}Error: broken\n {6}at /);
  });
});

describe('prettyLine', () => {
  it.each(['', 'not json\n', '[1', '"text"\n', 'null\n'])('passes on what is not a log line: %j', (line) => {
    expect(prettyLine(line)).toBe(line);
  });
});

describe('NestLogger', () => {
  it('keeps level, context and stack, and makes the wiring quiet', () => {
    const { logger, entries } = collected('json', 'trace');
    const nest = new NestLogger(logger);
    nest.log('Mapped {/, GET} route', 'RouterExplorer');
    nest.log('here', 'Own');
    nest.error('it broke', 'Error: it broke\n  at x', 'ExceptionsHandler');
    nest.error(new Error('thrown'), 'ExceptionsHandler');
    nest.warn({ some: 'thing' });
    nest.fatal('over');
    expect(entries()).toMatchObject([
      { level: 'debug', msg: 'Mapped {/, GET} route', context: 'RouterExplorer' },
      { level: 'info', msg: 'here', context: 'Own' },
      { level: 'error', msg: 'it broke', err: { stack: 'Error: it broke\n  at x' } },
      { level: 'error', msg: 'thrown', err: { message: 'thrown' } },
      { level: 'warn', msg: '{"some":"thing"}' },
      { level: 'fatal', msg: 'over' },
    ]);
  });
});
