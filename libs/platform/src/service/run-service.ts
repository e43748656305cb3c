import type { CommonConfig } from '../config';
import { ConfigError, loadConfig } from '../config';
import type { Connected, ServiceDefinition } from './service-definition';
import { ServiceProcess } from './service-process';

/** sysexits.h: the configuration is wrong. A supervisor that knows it needn't try again. */
const EX_CONFIG = 78;
/** Beyond delay and grace, within the ten seconds that a pod's termination period has on top of them (conventions 3.5). */
const OVERTIME_MS = 8_000;

/**
 * A service's whole `main`: reads the configuration, starts, and ends as conventions 3.5 say.
 *
 * Exit codes: 0 after an orderly end; 1 when the start failed, on a second signal, when the end took too long, and on an error
 * that nobody caught (logged as fatal); 78 when the configuration is wrong (every problem is printed).
 */
export async function runService<Config extends CommonConfig, Link extends Connected>(
  definition: ServiceDefinition<Config, Link>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ServiceProcess<Config, Link>> {
  const warnings: string[] = [];
  const service = new ServiceProcess(definition, configOrExit(definition, env, warnings));
  const { logger, config } = service;
  for (const warning of warnings) logger.warn(warning);

  const die = (what: string) => (error: unknown) => {
    logger.fatal({ err: error }, what);
    process.exit(1);
  };
  process.on('uncaughtException', die('uncaught exception'));
  process.on('unhandledRejection', die('unhandled rejection'));

  let stopping = false;
  const stop = (reason: string, delayMs?: number) => {
    if (stopping) {
      logger.warn({ reason }, 'told to stop again: leaving at once');
      process.exit(1);
    }
    stopping = true;
    logger.info({ reason }, 'stopping');
    setTimeout(
      () => {
        logger.fatal('the end took too long');
        process.exit(1);
      },
      config.shutdownDelayMs + config.shutdownGraceMs + OVERTIME_MS,
    ).unref();
    void service.stop(delayMs === undefined ? {} : { delayMs }).then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (config.parentPipe) stopWithParent(() => !stopping && stop('the parent is gone', 0));

  try {
    await service.start();
  } catch (error) {
    // A start cut short by a signal isn't a failure; `stop` sees to the exit.
    if (!service.stopping.aborted) die('the start failed')(error);
  }
  return service;
}

function configOrExit<Config extends CommonConfig, Link extends Connected>(
  definition: ServiceDefinition<Config, Link>,
  env: NodeJS.ProcessEnv,
  warnings: string[],
): Config {
  try {
    return loadConfig(definition.config, env, (warning) => warnings.push(warning));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${definition.name}: ${error.message}\n`);
    for (const warning of warnings) process.stderr.write(`  ${warning}\n`);
    process.exit(EX_CONFIG);
  }
}

/** The pipe from the parent closes with it, however it died. Its other pipes do, too: a log line nobody reads is no error then. */
function stopWithParent(stop: () => void): void {
  process.stdin.on('end', stop).on('close', stop).on('error', stop).resume();
  process.stdout.on('error', stop);
  process.stderr.on('error', stop);
}
