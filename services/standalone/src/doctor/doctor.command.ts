import { createLogger, loadConfig, SystemClock } from '@stepwell/platform';
import { Doctor } from './doctor';
import { DoctorConfig } from './doctor.config';
import type { Finding } from './finding';
import { lineOf } from './finding';

export interface DoctorFlags {
  readonly fix: boolean;
  readonly full: boolean;
  readonly json: boolean;
}

/**
 * Examines what the environment names, and says what it found: a line for each finding, or all of them as JSON. Returns the exit code:
 * 1 when something is wrong.
 *
 * @throws ConfigError
 */
export async function examine(
  { fix, full, json }: DoctorFlags,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<number> {
  const config = loadConfig(DoctorConfig, env);
  const logger = createLogger({ logLevel: 'silent', logFormat: 'json' }, 'doctor');
  const clock = new SystemClock();
  const findings = await new Doctor(config, { fix, full, clock, logger, pause }).examine();
  if (json) say(JSON.stringify({ healthy: isHealthy(findings), findings }, undefined, 2));
  else for (const finding of findings) say(lineOf(finding));
  return isHealthy(findings) ? 0 : 1;
}

const isHealthy = (findings: readonly Finding[]): boolean => findings.every(({ status }) => status !== 'fail');

/** Keeps the process alive, unlike a clock's own timers. */
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
