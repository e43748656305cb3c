import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { parse, parseAllDocuments } from 'yaml';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { repositoryRoot } from '../house/workspaces';
import { settingsOf } from './settings-in-source';

const folder = join(repositoryRoot, 'deploy/k8s');
const five = ['gateway', 'run-state', 'scheduler', 'http-caller', 'event-notifier'];

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: { readonly name: string };
  readonly [key: string]: unknown;
}

const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));
const manifests = files.flatMap((file) =>
  parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document) => {
    expect(document.errors).toEqual([]);
    return { file, manifest: document.toJS() as Manifest };
  }),
);
const objects = manifests.filter(({ manifest }) => manifest.kind !== 'Kustomization');
const named = <Kind>(kind: string, name: string): Kind =>
  objects.find(({ manifest }) => manifest.kind === kind && manifest.metadata?.name === name)!.manifest as Kind;

const workload = (name: string) =>
  named<IDeployment | IStatefulSet>(['run-state', 'scheduler'].includes(name) ? 'StatefulSet' : 'Deployment', name);
const pod = (name: string) => workload(name).spec!.template.spec!;
const container = (name: string) => pod(name).containers[0]!;

test.each(objects.map(({ file, manifest }) => [`${file} ${manifest.kind}`, manifest] as const))(
  '%s is valid',
  (_, manifest) => {
    const model = createRequire(__filename)(`kubernetes-models/${manifest.apiVersion}/${manifest.kind}`) as Record<
      string,
      new (data: Manifest) => { validate(): void }
    >;
    const Model = model[manifest.kind]!;
    expect(() => new Model(manifest).validate()).not.toThrow();
  },
);

/** Kubernetes ignores a key it does not know, and so do the validators: the type checker does not. */
function typeErrors(documents: readonly Manifest[]): string[] {
  const source = documents
    .map(
      (document, index) =>
        `const m${String(index)}: import('kubernetes-models/${document.apiVersion}/${document.kind}').I${document.kind} = ${JSON.stringify(document)};`,
    )
    .join('\n');
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.Node20,
    target: ts.ScriptTarget.ES2022,
  };
  const path = join(__dirname, 'manifests.checked.ts');
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...rest) =>
    name === path ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2022) : getSourceFile.call(host, name, ...rest);
  const program = ts.createProgram([path], options, host);
  return program
    .getSemanticDiagnostics(program.getSourceFile(path))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

test('no manifest has a key that Kubernetes would silently ignore', () => {
  expect(typeErrors(objects.map(({ manifest }) => manifest))).toEqual([]);
  const misspelt = structuredClone(named<IDeployment>('Deployment', 'gateway')) as IDeployment & Manifest;
  Object.assign(misspelt.spec!.template.spec!.containers[0]!, { readynessProbe: {} });
  expect(typeErrors([misspelt]).join()).toContain('readynessProbe');
});

test('the kustomization names every file beside it but the example secret', () => {
  const beside = files.filter((file) => !file.includes('/') && !/^(kustomization|secret\.example)\.yaml$/.test(file));
  const { resources } = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as { resources: string[] };
  expect([...resources].sort()).toEqual(beside.sort());
});

test.each(five)('%s sets only what it reads', (name) => {
  const own = (container(name).env ?? []).map((each) => each.name);
  const secrets = (container(name).envFrom ?? []).flatMap(({ secretRef }) =>
    secretRef ? Object.keys(named<{ stringData: object }>('Secret', secretRef.name!).stringData) : [],
  );
  const known = settingsOf(name);
  expect([...own, ...secrets].filter((setting) => setting !== 'NODE_OPTIONS' && !known.has(setting))).toEqual([]);
});

test('the config map sets nothing that nobody reads', () => {
  const known = new Set(five.flatMap((name) => [...settingsOf(name)]));
  const { data } = named<{ data: object }>('ConfigMap', 'stepwell');
  expect(Object.keys(data).filter((setting) => !known.has(setting))).toEqual([]);
});

test.each(five)('%s is probed, hardened, and has time to end in order', (name) => {
  for (const probe of ['startup', 'liveness', 'readiness'] as const) {
    const path = { startup: '/health/startup', liveness: '/health/live', readiness: '/health/ready' }[probe];
    expect(container(name)[`${probe}Probe`]?.httpGet).toEqual({ path, port: 'metrics' });
  }
  expect(container(name).ports).toContainEqual({ name: 'metrics', containerPort: 9464 });
  expect(container(name).securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  expect(pod(name)).toMatchObject({
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 45,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
  });
});

test.each(five)('%s: what selects it finds it, and a drained node takes one at a time', (name) => {
  const labels = { 'app.kubernetes.io/name': name };
  expect(workload(name).spec!.selector.matchLabels).toEqual(labels);
  expect(workload(name).spec!.template.metadata?.labels).toMatchObject(labels);
  expect(named<{ spec: object }>('PodDisruptionBudget', name).spec).toEqual({
    maxUnavailable: 1,
    selector: { matchLabels: labels },
  });
});

test.each(['run-state', 'scheduler'])('%s takes over under its pod’s name', (name) => {
  expect(container(name).env).toContainEqual({
    name: 'STEPWELL_MEMBER_NAME',
    valueFrom: { fieldRef: { fieldPath: 'metadata.name' } },
  });
});

test('the store’s address is told to its two owners alone', () => {
  const told = five.filter((name) =>
    container(name).envFrom?.some(({ secretRef }) => secretRef?.name === 'stepwell-store'),
  );
  expect(told).toEqual(['run-state', 'scheduler']);
});
