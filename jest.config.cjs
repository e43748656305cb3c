// One configuration, one project per tier; a spec's suffix picks its tier. `npm test` leaves out `full`.
const ignored = ['/node_modules/', '/dist/'];

const tier = (displayName, testMatch, others = {}) => ({
  displayName,
  testMatch,
  testEnvironment: 'node',
  roots: ['<rootDir>/libs', '<rootDir>/services', '<rootDir>/deploy'],
  testPathIgnorePatterns: ignored,
  modulePathIgnorePatterns: ['/dist/'],
  testEnvironmentOptions: { customExportConditions: ['@stepwell/source', 'node', 'require', 'default'] },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  ...others,
});

// Whole-system specs that wait for longer than they work: two of them at a time. All others, also new ones, are alone.
const patient = [
  ...[
    'backup-drill',
    'bundles',
    'clients',
    'dev-command',
    'explain',
    'five-processes',
    'gates',
    'history-is-the-truth',
  ],
  ...['newer-store', 'one-process', 'programs', 'take-over'],
];

const alone = { runner: '<rootDir>/deploy/jest/serial-runner.cjs' };

module.exports = {
  // The life of the servers that specs share; starts none by itself.
  globalSetup: '<rootDir>/libs/testing/jest/global-setup.cjs',
  globalTeardown: '<rootDir>/libs/testing/jest/global-teardown.cjs',
  maxWorkers: 2,
  // What hangs, hangs for longer than a slow machine takes.
  testTimeout: 120_000,
  projects: [
    tier('unit', ['**/*.spec.ts'], { testPathIgnorePatterns: [...ignored, '\\.(int|e2e)\\.spec\\.ts$'] }),
    tier('int', ['**/*.int.spec.ts']),
    tier('e2e', [`**/{${patient.join(',')}}.e2e.spec.ts`]),
    tier('e2e', [`**/!(*.full|${patient.join('|')}).e2e.spec.ts`], alone),
    tier('full', ['**/*.full.e2e.spec.ts'], alone),
  ],
};
