import { stepKind } from '.';

const everything = {
  stepId: 1,
  out: '1',
  sleepFor: '10s',
  sleepUntil: 12.5,
  callUrl: 'u',
  callMethod: 'm',
  callBody: 'secret',
  waitEventId: 'e',
  timeout: '7d',
};

describe('what the log shows of a step by its kind (11)', () => {
  it.each([
    ['Run', {}],
    ['SleepFor', { sleepFor: 10 }],
    ['SleepUntil', { sleepUntil: 13 }],
    ['Call', { callUrl: 'u', callMethod: 'm' }],
    ['Wait', { waitEventId: 'e' }],
    ['WaitForWebhook', { waitEventId: 'e' }],
    ['CreateWebhook', {}],
    ['Notify', {}],
    ['Invoke', {}],
  ])('%s', (type, shown) => {
    expect(stepKind(type).type).toBe(type);
    expect(stepKind(type.toLowerCase()).type).toBe(type);
    expect(stepKind(type).show(everything)).toEqual(shown);
    expect(stepKind(type).show({})).toEqual({});
    expect(stepKind(type).waitsFor).not.toBe('');
  });

  it.each([
    [1, 1],
    [0.5, 1],
    ['1h30m', 5_400],
    ['0m', 0],
    ['soon', undefined],
    [null, undefined],
  ])('a sleep for %p as seconds: %p', (sleepFor, shown) => {
    expect(stepKind('SleepFor').show({ sleepFor })['sleepFor']).toBe(shown);
  });

  it('treats an unknown kind of a newer client like a Run, under its own name (18)', () => {
    expect(stepKind('Teleport')).toMatchObject({ type: 'Teleport' });
    expect(stepKind('Teleport').show(everything)).toEqual({});
  });
});
