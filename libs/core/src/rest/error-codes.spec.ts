import { ERROR_CODES, errorBody } from './error-codes';

describe('the table of error codes', () => {
  it.each(Object.entries(ERROR_CODES))('%s is complete', (code, entry) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
    expect(entry.message).toMatch(/^[^\n.].*[^.\n]$/);
    expect(entry.whatToDo).toMatch(/^[A-Z"][^\n]*\.$/);
  });

  it('keeps the statuses that clients act on (protocol.md 7.4): only what can never succeed fails a run', () => {
    const failing = Object.entries(ERROR_CODES).filter(([, entry]) => entry.status === 412);
    expect(failing.map(([code]) => code)).toEqual(['QUOTA_EXCEEDED']);
    const swallowed = Object.entries(ERROR_CODES).filter(([, entry]) => entry.status === 400);
    expect(swallowed.some(([, entry]) => entry.retryable)).toBe(false);
  });

  it('makes the body of an answer', () => {
    expect(errorBody('RUN_ENDED')).toEqual({ error: 'can not append to a a cancelled workflow', code: 'RUN_ENDED' });
    expect(errorBody('INVALID_LABEL', 'label "ä"')).toEqual({ error: 'label "ä"', code: 'INVALID_LABEL' });
  });
});
