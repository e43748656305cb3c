import { Max, Min } from 'class-validator';
import { ConfigError } from './config.error';
import { configFrom, describeSettings, loadConfig } from './load-config';
import { BusConfig, CommonConfig, StoreConfig } from './service-settings';
import { Setting, settingsOf } from './setting.decorator';

class ExampleConfig extends settingsOf(CommonConfig, BusConfig, StoreConfig) {
  @Setting('STEPWELL_EXAMPLE_PORT', { description: 'A port.', as: 'number', default: '8080' })
  @Min(1)
  @Max(65_535)
  readonly port!: number;

  @Setting('STEPWELL_EXAMPLE_LIMIT', { description: 'A size.', as: 'bytes', default: '10mb' })
  readonly limitBytes!: number;

  @Setting('STEPWELL_EXAMPLE_KEY', { description: 'A key.', secret: true, optional: true, as: 'number' })
  readonly key?: number;
}

const COMPLETE = {
  STEPWELL_NATS_URL: 'nats://a:4222, nats://b:4222',
  STEPWELL_MONGODB_URI: 'mongodb://m/?replicaSet=rs',
};

const problemsOf = (env: NodeJS.ProcessEnv) => {
  try {
    loadConfig(ExampleConfig, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe('loadConfig', () => {
  it('reads defaults, own settings and those of every part', () => {
    const config = loadConfig(ExampleConfig, {
      ...COMPLETE,
      STEPWELL_SHUTDOWN_GRACE: '1m30s',
      STEPWELL_PARENT_PIPE: 'yes',
    });
    expect(config).toBeInstanceOf(ExampleConfig);
    expect(config).toMatchObject({
      port: 8080,
      limitBytes: 10 * 1024 * 1024,
      natsUrls: ['nats://a:4222', 'nats://b:4222'],
      mongodbUri: 'mongodb://m/?replicaSet=rs',
      mongodbDatabase: 'stepwell',
      logLevel: 'info',
      shutdownDelayMs: 5_000,
      shutdownGraceMs: 90_000,
      parentPipe: true,
    });
    expect(config.key).toBeUndefined();
    expect(config.natsUser).toBeUndefined();
  });

  it('counts an empty variable as unset', () => {
    expect(
      loadConfig(ExampleConfig, { ...COMPLETE, STEPWELL_EXAMPLE_PORT: '', STEPWELL_NATS_USER: ' ' }),
    ).toMatchObject({
      port: 8080,
    });
    expect(problemsOf({ ...COMPLETE, STEPWELL_NATS_URL: '' })).toHaveLength(1);
  });

  it('lists every problem at once, whichever part it is in', () => {
    const problems = problemsOf({
      STEPWELL_LOG_LEVEL: 'loud',
      STEPWELL_EXAMPLE_PORT: '99999',
      STEPWELL_EXAMPLE_LIMIT: 'much',
      STEPWELL_SHUTDOWN_DELAY: 'soon',
      STEPWELL_PARENT_PIPE: 'perhaps',
      STEPWELL_NATS_REPLICAS: 'three',
    });
    expect(problems.map(({ setting }) => setting).sort()).toEqual([
      'STEPWELL_EXAMPLE_LIMIT',
      'STEPWELL_EXAMPLE_PORT',
      'STEPWELL_LOG_LEVEL',
      'STEPWELL_MONGODB_URI',
      'STEPWELL_NATS_REPLICAS',
      'STEPWELL_NATS_URL',
      'STEPWELL_PARENT_PIPE',
      'STEPWELL_SHUTDOWN_DELAY',
    ]);
    expect(problems.find(({ setting }) => setting === 'STEPWELL_EXAMPLE_PORT')?.problem).toBe(
      'must not be greater than 65535 (it is "99999")',
    );
    expect(problems.find(({ setting }) => setting === 'STEPWELL_SHUTDOWN_DELAY')?.problem).toBe(
      'is not a duration, such as 500ms, 10s or 5m (it is "soon")',
    );
  });

  it('never shows a secret', () => {
    const error = new ConfigError(problemsOf({ ...COMPLETE, STEPWELL_EXAMPLE_KEY: 'hunter2' }));
    expect(error.message).toContain('STEPWELL_EXAMPLE_KEY');
    expect(error.message).not.toContain('hunter2');
  });

  it('warns of a name that looks like a misspelt one, and of no other', () => {
    const warnings: string[] = [];
    const env = { ...COMPLETE, STEPWELL_LOG_LEVLE: 'debug', STEPWELL_HTTP_HOST: 'x', STEPWELL_OF_ANOTHER_SERVICE: 'x' };
    loadConfig(ExampleConfig, env, (text) => warnings.push(text));
    expect(warnings).toEqual(['STEPWELL_LOG_LEVLE is not a setting of this service; did you mean STEPWELL_LOG_LEVEL?']);
  });

  it('reads one variable into the properties of several parts', () => {
    class Gateway {
      @Setting('STEPWELL_SHARED_KEY', { description: 'A key.' })
      readonly verifyingKey!: string;
    }
    class Caller {
      @Setting('STEPWELL_SHARED_KEY', { description: 'A key.' })
      readonly signingKey!: string;
    }
    class Both extends settingsOf(Gateway, Caller) {}
    expect(loadConfig(Both, { STEPWELL_SHARED_KEY: 'k' })).toEqual({ verifyingKey: 'k', signingKey: 'k' });
    expect(() => loadConfig(Both, {})).toThrow(/^one setting is wrong/);
    expect(describeSettings(Both)).toHaveLength(1);
  });

  it('lets a part lower down ask for less, and gives an empty list for none', () => {
    class OptionalBus extends BusConfig {
      @Setting('STEPWELL_NATS_URL', { description: 'Servers.', as: 'list', optional: true })
      declare readonly natsUrls: readonly string[];
    }
    class Whole extends settingsOf(CommonConfig, OptionalBus) {}
    expect(loadConfig(Whole, {}).natsUrls).toEqual([]);
    expect(configFrom(Whole).natsUrls).toEqual([]);
    expect(loadConfig(Whole, { STEPWELL_NATS_URL: 'nats://a' }).natsUrls).toEqual(['nats://a']);
  });

  it('refuses parts of which one would overwrite what the other one reads', () => {
    class One {
      @Setting('STEPWELL_ONE_DELAY', { description: 'Of one.', as: 'duration', default: '1s' })
      readonly delayMs!: number;
    }
    class Other {
      @Setting('STEPWELL_OTHER_DELAY', { description: 'Of another one.', as: 'duration', default: '2s' })
      readonly delayMs!: number;
    }
    class Both extends settingsOf(One, Other) {}
    expect(() => loadConfig(Both, {})).toThrow('STEPWELL_ONE_DELAY and STEPWELL_OTHER_DELAY are both kept as delayMs');
  });

  it('reads only the environment it is given', () => {
    expect(() => loadConfig(ExampleConfig, {})).toThrow(ConfigError);
  });
});

describe('configFrom', () => {
  it('gives the defaults and what is set by hand', () => {
    expect(configFrom(ExampleConfig, { port: 1 })).toMatchObject({
      port: 1,
      limitBytes: 10 * 1024 * 1024,
      logFormat: 'json',
    });
  });
});

describe('describeSettings', () => {
  it('says name, default and description of every setting', () => {
    const settings = describeSettings(ExampleConfig);
    expect(settings.find(({ name }) => name === 'STEPWELL_SHUTDOWN_DELAY')).toMatchObject({
      default: '5s',
      required: false,
    });
    expect(settings.find(({ name }) => name === 'STEPWELL_MONGODB_URI')).toMatchObject({
      required: true,
      secret: true,
    });
    expect(settings.every(({ description }) => description.endsWith('.'))).toBe(true);
    expect(new Set(settings.map(({ name }) => name)).size).toBe(settings.length);
  });

  it.each([CommonConfig, BusConfig, StoreConfig])('has readable defaults in %p', (configClass) => {
    for (const { name, default: text } of describeSettings(configClass)) {
      if (text === undefined) continue;
      expect(problemsOf({ ...COMPLETE, [name]: text })).toEqual([]);
    }
  });
});
