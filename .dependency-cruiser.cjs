// The import table of the architecture, as walls. Each rule's comment says what would be lost without it.
// Specs, their fixtures and the testing entries stand on both sides of a wall by nature; they are exempt only where that is said.
const spec = '\\.(spec\\.ts|fixture\\.cjs)$';
const testing = '^libs/testing/|^(libs|services)/[^/]+/src/testing/|^deploy/tests/';
const anyModule = '.';

/** Packages as they appear once resolved, hoisted or not. */
const packages = (...names) => `node_modules/(${names.join('|')})/`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'core-imports-nothing',
      comment:
        'The core is what the whole product reasons with: pure, so that it runs in a test, a replay, a browser and a server ' +
        'alike. A dependency (Node built-ins included) would bring I/O, a clock or randomness within reach of a decision.',
      severity: 'error',
      from: { path: '^libs/core/src/', pathNot: [spec, '^libs/core/src/testing/'] },
      to: { path: anyModule, pathNot: '^libs/core/src/' },
    },
    {
      name: 'nats-only-in-messaging',
      comment:
        'The bus is a driver: everything else must run over the in-memory twin unchanged. Subscribers in deploy/ are outsiders ' +
        'by intention and use NATS as any other program would.',
      severity: 'error',
      from: { pathNot: ['^libs/messaging/', '^deploy/(examples|tests)/'] },
      to: { path: packages('nats', '@nats-io/[^/]+') },
    },
    {
      name: 'mongodb-only-in-event-store',
      comment:
        'Fencing, write concern and unknown outcomes are decided in one place. A second writer with its own connection would ' +
        'not know the log’s rules.',
      severity: 'error',
      from: { pathNot: ['^libs/event-store/', '^deploy/tests/'] },
      to: { path: packages('mongoose', 'mongodb', 'bson') },
    },
    {
      name: 'adapters-do-not-know-each-other',
      comment:
        'Messaging without the store and the store without messaging: each has a twin and a contract of its own, and only ' +
        'a service decides how they meet.',
      severity: 'error',
      from: { path: '^libs/(messaging|event-store)/' },
      to: { path: '^libs/(messaging|event-store)/', pathNot: '^libs/$1/' },
    },
    {
      name: 'adapters-stand-on-core-alone',
      comment: 'An adapter implements the ports of the core; the platform is for services, which configure adapters.',
      severity: 'error',
      from: { path: '^libs/(messaging|event-store)/src/', pathNot: spec },
      to: { path: '^(libs|services|deploy)/', pathNot: ['^libs/core/', '^libs/$1/'] },
    },
    {
      name: 'platform-stands-on-core-alone',
      comment:
        'The platform is beneath every service: were it to know an adapter, every service would carry that adapter.',
      severity: 'error',
      from: { path: '^libs/platform/', pathNot: spec },
      to: { path: '^(libs|services|deploy)/', pathNot: '^libs/(core|platform)/' },
    },
    {
      name: 'event-store-only-for-owners',
      comment:
        'Who owns no stream keeps no state: gateway, http-caller and event-notifier scale by replicas because they have no ' +
        'database. run-state and scheduler own one; standalone has tools that look into it.',
      severity: 'error',
      from: {
        path: '^(services|libs)/',
        pathNot: ['^services/(run-state|scheduler|standalone)/', '^libs/(event-store|testing)/', spec],
      },
      to: { path: '^libs/event-store/' },
    },
    {
      name: 'services-do-not-import-each-other',
      comment: 'Services speak by messages. An import would couple their releases and work only in one process.',
      severity: 'error',
      from: { path: '^services/([^/]+)/', pathNot: '^services/standalone/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'standalone-composes-by-the-front-door',
      comment:
        'Standalone runs the very modules that run apart: what it takes from a service is what that service exports.',
      severity: 'error',
      from: { path: '^services/standalone/' },
      to: { path: '^services/', pathNot: ['^services/standalone/', '^services/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'libs-do-not-know-services',
      comment: 'A library that knows its user cannot be used by another.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(services|deploy)/' },
    },
    {
      name: 'product-does-not-know-deploy',
      comment:
        'Examples and tests look at the product from outside. Only the command that runs an example knows there are any.',
      severity: 'error',
      from: { path: '^services/', pathNot: '^services/standalone/' },
      to: { path: '^deploy/' },
    },
    {
      name: 'undici-only-in-http-caller',
      comment:
        'Every outbound request passes the one SSRF guard, the one set of limits and the one signer. A second HTTP client would ' +
        'be a way around all three.',
      severity: 'error',
      from: { path: '^(libs|services)/', pathNot: ['^services/http-caller/', '^libs/sdk/', spec, testing] },
      to: { path: [packages('undici', 'axios', 'got', 'node-fetch')] },
    },
    {
      name: 'sdk-takes-only-the-wire-from-core',
      comment:
        'What users install runs on edge runtimes and must stay small: steps, wire and REST shapes of the core, nothing else ' +
        'of ours. Reserved: the room is empty until the SDK is built.',
      severity: 'error',
      from: { path: '^libs/sdk/' },
      to: { path: '^(libs|services|deploy)/', pathNot: ['^libs/sdk/', '^libs/core/src/(steps|wire|rest)/'] },
    },
    {
      name: 'testing-stays-out-of-production',
      comment: 'Fault proxies, in-memory clocks and throw-away servers must not be reachable from a running service.',
      severity: 'error',
      from: { path: '^(libs|services)/[^/]+/src/', pathNot: [spec, testing] },
      to: { path: testing },
    },
    {
      name: 'no-spec-in-production',
      comment: 'What two specs share belongs into a testing entry; a spec is not a library.',
      severity: 'error',
      from: { pathNot: spec },
      to: { path: spec },
    },
    {
      name: 'no-dev-dependency-in-production',
      comment: 'An image has no development dependencies: the import would compile, pass every test and fail at start.',
      severity: 'error',
      from: { path: '^(libs|services)/[^/]+/src/', pathNot: [spec, testing] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'type-only'] },
    },
    {
      name: 'no-undeclared-dependency',
      comment: 'A package found only because another one brought it disappears with that one’s next release.',
      severity: 'error',
      from: { path: '^(libs|services|deploy)/', pathNot: '\\.(c|m)js$' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import that resolves to nothing fails when it runs, and hides from every other rule here.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-cycle',
      comment:
        'In a cycle no file can be read, tested or initialised first. Types count: a cycle of types is one module in two files.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-junk-drawer',
      comment: 'A name that fits anything will hold anything. Name the file by what it is.',
      severity: 'error',
      from: {},
      to: {
        path: '^(libs|services|deploy)/.*(^|/|\\.|-)(utils?|helpers?|common|shared|misc)(/|\\.ts$)',
        pathNot: 'node_modules',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|dist-bundle)/|^services/standalone/bin/' },
    // Jest, fast-check and the like are declared once, at the root; in production code they are development dependencies.
    combinedDependencies: true,
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      // The source, not the build: a wall must be seen from an unbuilt checkout, and in the files people edit.
      conditionNames: ['@stepwell/source', 'require', 'node', 'default', 'types', 'import'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.cjs', '.mjs', '.json'],
    },
    skipAnalysisNotInRules: true,
    reporterOptions: { text: { highlightFocused: true } },
  },
};
