export interface ConfigProblem {
  readonly setting: string;
  readonly problem: string;
}

/** Everything that is wrong with the environment, at once: nobody should have to start a service six times to hear six things. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly ConfigProblem[]) {
    const width = Math.max(...problems.map(({ setting }) => setting.length));
    const lines = problems.map(({ setting, problem }) => `  ${setting.padEnd(width)}  ${problem}`);
    super(
      `${problems.length === 1 ? 'one setting is' : `${problems.length} settings are`} wrong:\n${lines.join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}
