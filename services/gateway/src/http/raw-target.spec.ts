import type { IdPrefix } from './raw-target';
import { queryToken, rawDestination, rawId, rawIds, routedTarget } from './raw-target';

describe('raw targets', () => {
  it.each([
    ['/v2/publish/http://e.com/a?b=c', '/v2/publish/-', 'http://e.com/a?b=c'],
    ['/v2/publish/https://e.com//a//b/../c', '/v2/publish/-', 'https://e.com//a//b/../c'],
    ['/v2/publish/https:/e.com', '/v2/publish/-', 'https:/e.com'],
    ['/v2/publish/https://e.com/%2F%2f%zz%', '/v2/publish/-', 'https://e.com/%2F%2f%zz%'],
    ['/v2/publish/http://e.com/;x?a=1&a=2#f', '/v2/publish/-', 'http://e.com/;x?a=1&a=2#f'],
    ['/v2/publish/http://[::1]:80/?qstash_token=t', '/v2/publish/-', 'http://[::1]:80/'],
    ['/v2/publish/http://e/?a=1&qstash_token=t&b=2', '/v2/publish/-', 'http://e/?a=1&b=2'],
    ['/v2/publish/http://e/?my_qstash_token=t', '/v2/publish/-', 'http://e/?my_qstash_token=t'],
    ['/v2/publish/', '/v2/publish/-', ''],
  ])('%s is routed as %s, and goes to %j', (target, routed, destination) => {
    expect(routedTarget({ url: target })).toBe(routed);
    expect(rawDestination(target, '/v2/publish/')).toBe(destination);
  });

  it.each<[target: string, routed: string, prefix: IdPrefix, id: string]>([
    ['/v2/workflows/runs/wfr_1?cancel=false', '/v2/workflows/runs/-?cancel=false', '/v2/workflows/runs/', 'wfr_1'],
    ['/v2/workflows/runs/a%2Fb/c', '/v2/workflows/runs/-', '/v2/workflows/runs/', 'a/b/c'],
    ['/v2/workflows/runs/%zz', '/v2/workflows/runs/-', '/v2/workflows/runs/', '%zz'],
    ['/v2/workflows/runs/%252F', '/v2/workflows/runs/-', '/v2/workflows/runs/', '%2F'],
    ['/v2/wait/a/b%20c/?x=1', '/v2/wait/-?x=1', '/v2/wait/', 'a/b c/'],
    ['/v2/waiters/%E2%82%AC', '/v2/waiters/-', '/v2/waiters/', '€'],
    ['/v2/messages/msg_1.wfr_1', '/v2/messages/-', '/v2/messages/', 'msg_1.wfr_1'],
    ['/v2/workflows/dlq/dlq_1.wfr_1', '/v2/workflows/dlq/-', '/v2/workflows/dlq/', 'dlq_1.wfr_1'],
    ['/v2/workflows/dlq/resume/d', '/v2/workflows/dlq/resume/-', '/v2/workflows/dlq/resume/', 'd'],
    ['/v2/workflows/dlq/restarted', '/v2/workflows/dlq/-', '/v2/workflows/dlq/', 'restarted'],
    ['/v2/workflows/dlq/callback/d', '/v2/workflows/dlq/callback/-', '/v2/workflows/dlq/callback/', 'd'],
  ])('%s is routed as %s, and is about what is behind %s: %j', (target, routed, prefix, id) => {
    expect(routedTarget({ url: target })).toBe(routed);
    expect(rawId(target, prefix)).toBe(id);
  });

  it.each([
    ['/v2/notify/event', ['event']],
    ['/v2/notify/a%2Fb?x=/y', ['a/b']],
    ['/v2/notify/wfr_1/event', ['wfr_1', 'event']],
    ['/v2/notify/wfr_1/a/b%2Fc', ['wfr_1', 'a/b/c']],
    ['/v2/notify/wfr_1/', ['wfr_1', '']],
  ])('%s has the ids %j', (target, ids) => {
    expect(routedTarget({ url: target })).toMatch(/^\/v2\/notify\/-/);
    expect(rawIds(target, '/v2/notify/', 2)).toEqual(ids);
  });

  it('finds the three ids of a webhook', () => {
    expect(rawIds('/v2/workflows/hooks/u%2F1/wfr%201/evt/2?q=/', '/v2/workflows/hooks/', 3)).toEqual([
      'u/1',
      'wfr 1',
      'evt/2',
    ]);
  });

  it.each([
    '/v2/batch',
    '/v2/workflows/runs?workflowRunIds=a',
    '/v2/workflows/runs/',
    '/v2/workflows/dlq',
    '/v2/workflows/dlq/resume?dlqIds=a',
    '/v2/workflows/dlq/restart',
    '/v2/workflows/dlq/resume/',
    '/v2/wait/?x=1',
    '/v2/publish',
    '/',
    '*',
  ])('%s is left alone', (target) => {
    expect(routedTarget({ url: target })).toBe(target);
  });

  it('hides the token from the routes', () => {
    expect(routedTarget({ url: '/v2/workflows/logs?qstash_token=t&count=1' })).toBe('/v2/workflows/logs?count=1');
    expect(routedTarget({ url: '/v2/waiters/e?qstash_token=t' })).toBe('/v2/waiters/-');
  });

  it('finds the token of a query', () => {
    expect(queryToken('/v2/keys?a=1&qstash_token=x%3D')).toBe('x=');
    expect(queryToken('/v2/keys?a=1')).toBeUndefined();
    expect(queryToken('/v2/qstash_token=1')).toBeUndefined();
  });
});
