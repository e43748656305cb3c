import { queryToken, rawDestination, rawRunId, routedTarget } from './raw-target';

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

  it.each([
    ['/v2/workflows/runs/wfr_1?cancel=false', '/v2/workflows/runs/-?cancel=false', 'wfr_1'],
    ['/v2/workflows/runs/a%2Fb/c', '/v2/workflows/runs/-', 'a/b/c'],
    ['/v2/workflows/runs/%zz', '/v2/workflows/runs/-', '%zz'],
    ['/v2/workflows/runs/%252F', '/v2/workflows/runs/-', '%2F'],
  ])('%s is routed as %s, and is about %j', (target, routed, runId) => {
    expect(routedTarget({ url: target })).toBe(routed);
    expect(rawRunId(target)).toBe(runId);
  });

  it.each(['/v2/batch', '/v2/workflows/runs?workflowRunIds=a', '/v2/workflows/runs/', '/v2/publish', '/', '*'])(
    '%s is left alone',
    (target) => {
      expect(routedTarget({ url: target })).toBe(target);
    },
  );

  it('finds the token of a query', () => {
    expect(queryToken('/v2/keys?a=1&qstash_token=x%3D')).toBe('x=');
    expect(queryToken('/v2/keys?a=1')).toBeUndefined();
    expect(queryToken('/v2/qstash_token=1')).toBeUndefined();
  });
});
