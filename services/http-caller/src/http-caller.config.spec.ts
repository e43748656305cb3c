import { ConfigError, describeSettings, loadConfig } from '@stepwell/platform';
import { HttpCallerConfig } from './http-caller.config';

const problems = (env: NodeJS.ProcessEnv): string[] => {
  try {
    loadConfig(HttpCallerConfig, { STEPWELL_SIGNING_CURRENT_KEY: 'sig_x', ...env });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ setting }) => setting);
    throw error;
  }
  return [];
};

describe('HttpCallerConfig', () => {
  it('is closed to private addresses and bounded unless told otherwise', () => {
    const config = loadConfig(HttpCallerConfig, { STEPWELL_SIGNING_CURRENT_KEY: 'sig_x' });
    expect(config).toMatchObject({
      signingCurrentKey: 'sig_x',
      deliveryConcurrency: 256,
      callConcurrency: 1000,
      connectTimeoutMs: 10_000,
      allowPrivate: false,
      allow: [],
      maxResponseBytes: 10 * 1024 * 1024,
    });
  });

  it('reads the outbound rules', () => {
    const config = loadConfig(HttpCallerConfig, {
      STEPWELL_SIGNING_CURRENT_KEY: 'sig_x',
      STEPWELL_OUTBOUND_ALLOW_PRIVATE: 'true',
      STEPWELL_OUTBOUND_ALLOW: '10.0.0.0/8, *.svc.local,169.254.169.254',
    });
    expect(config).toMatchObject({ allowPrivate: true, allow: ['10.0.0.0/8', '*.svc.local', '169.254.169.254'] });
  });

  it.each([
    ['STEPWELL_SIGNING_CURRENT_KEY', ''],
    ['STEPWELL_SIGNING_CURRENT_KEY', 'two words'],
    ['STEPWELL_OUTBOUND_ALLOW', '10.0.0.0/8,10.0.0.0/33'],
    ['STEPWELL_OUTBOUND_ALLOW', 'http://host'],
    ['STEPWELL_DELIVERY_CONCURRENCY', '0'],
    ['STEPWELL_CALL_CONCURRENCY', 'many'],
    ['STEPWELL_CALL_MAX_RESPONSE', '101mb'],
    ['STEPWELL_OUTBOUND_CONNECT_TIMEOUT', 'soon'],
  ])('refuses %s=%p', (name, value) => {
    expect(problems({ [name]: value })).toEqual([name]);
  });

  it('has a description and a good default for every setting', () => {
    for (const { name, description, default: text } of describeSettings(HttpCallerConfig)) {
      expect(description).toMatch(/\.$/);
      if (text !== undefined) expect(problems({ [name]: text })).toEqual([]);
    }
  });
});
