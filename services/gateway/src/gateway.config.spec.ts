import { ConfigError, loadConfig } from '@stepwell/platform';
import { credentialsOf, DEV_CREDENTIALS, GatewayConfig } from './gateway.config';

const load = (env: NodeJS.ProcessEnv): GatewayConfig => loadConfig(GatewayConfig, env);
const problemsOf = (env: NodeJS.ProcessEnv): string[] => {
  try {
    load(env);
    return [];
  } catch (error) {
    return error instanceof ConfigError
      ? error.problems.map(({ setting, problem }) => `${setting} ${problem}`)
      : [String(error)];
  }
};

describe('the gateway’s settings', () => {
  it('have no default passwords in production, and list what is missing', () => {
    const [problem, ...more] = problemsOf({ STEPWELL_SIGNING_NEXT_KEY: 'sig_next' });
    expect(more).toEqual([]);
    expect(problem).toContain(
      'STEPWELL_DEV must be true, or these be set: STEPWELL_AUTH_TOKENS, STEPWELL_SIGNING_CURRENT_KEY',
    );
  });

  it('know the development user in development only', () => {
    expect(credentialsOf(load({ STEPWELL_DEV: 'true' }))).toEqual(DEV_CREDENTIALS);
    expect(credentialsOf(load({ STEPWELL_DEV: 'true', STEPWELL_AUTH_TOKENS: 'a-token-of-our-own' })).tokens).toEqual([
      'a-token-of-our-own',
    ]);
  });

  it('take several tokens, for a rotation', () => {
    const config = load({
      STEPWELL_AUTH_TOKENS: 'old-token-0123456789, new-token-0123456789',
      STEPWELL_SIGNING_CURRENT_KEY: 'sig_a',
      STEPWELL_SIGNING_NEXT_KEY: 'sig_b',
    });
    expect(credentialsOf(config)).toEqual({
      tokens: ['old-token-0123456789', 'new-token-0123456789'],
      currentKey: 'sig_a',
      nextKey: 'sig_b',
    });
  });

  it.each([
    ['STEPWELL_AUTH_TOKENS', 'short'],
    ['STEPWELL_SIGNING_CURRENT_KEY', 'two words'],
    ['STEPWELL_GATEWAY_BODY_LIMIT', '101mb'],
    ['STEPWELL_GATEWAY_TRUST_PROXY', 'proxy.example.com'],
    ['STEPWELL_GATEWAY_TRUST_PROXY', '10.0.0.0/33'],
    ['STEPWELL_GATEWAY_PORT', '70000'],
  ])('refuse %s=%s', (name, value) => {
    const problems = problemsOf({ STEPWELL_DEV: 'true', [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(name);
    expect(problems[0]?.includes(value)).toBe(name.startsWith('STEPWELL_GATEWAY'));
  });

  it('trust the proxies they name', () => {
    const config = load({ STEPWELL_DEV: 'true', STEPWELL_GATEWAY_TRUST_PROXY: '10.0.0.0/8, ::1' });
    expect(config.trustProxy).toEqual(['10.0.0.0/8', '::1']);
  });
});
