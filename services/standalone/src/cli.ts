import { Command, InvalidArgumentError, Option } from 'commander';
import type { BackupFlags } from './backup/backup.command';
import { backUp } from './backup/backup.command';
import type { RestoreFlags } from './backup/restore.command';
import { restoreFrom } from './backup/restore.command';
import { DevCommand } from './dev/dev.command';
import { examine } from './doctor/doctor.command';
import type { DoctorFlags } from './doctor/doctor.command';
import type { RebuildFlags } from './rebuild/rebuild.command';
import { rebuildStore } from './rebuild/rebuild.command';
import { ROLES, startRole } from './start/start.command';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

export function commandLine(): Command {
  const program = new Command('stepwell').description(
    'Durable workflows over plain HTTP, on your own MongoDB and NATS.',
  );
  program
    .command('dev')
    .description('everything for development on this machine: servers, engine, public keys, data in one folder')
    .option(
      '--port <port>',
      'port of the API; 8080 is where QSTASH_DEV=true looks, 0 takes any free one',
      portNumber,
      8080,
    )
    .option('--data-dir <folder>', 'where everything is kept', '.stepwell')
    .addOption(
      new Option('--processes <count>', 'the engine as one process or as five services')
        .choices(['one', 'five'])
        .default('one'),
    )
    .option('--example [name]', 'run an example once everything is up (default: onboarding)')
    .option('--no-example', 'run none')
    .action(dev);
  program
    .command('start')
    .description('one service, or all of them in one process, configured by STEPWELL_… environment variables')
    .addOption(new Option('--role <role>', 'what this process is').choices(ROLES).makeOptionMandatory())
    .action(({ role }: { role: (typeof ROLES)[number] }) => startRole(role));
  program
    .command('doctor')
    .description(
      'looks at the servers, the store and the runs, and says what is wrong and what to do; exits with 1 if anything is',
    )
    .option('--fix', 'mend what is derived from the log, and send again what was lost', false)
    .option('--full', 'look at every run and timer instead of a sample', false)
    .option('--json', 'say it as JSON', false)
    .action(async (flags: DoctorFlags) => {
      process.exitCode = await examine(flags, process.env, say);
    });
  addStoreCommands(program);
  return program;
}

/** What is done to a store as a whole. Each throws with what is wrong, which is an exit code of 1. */
function addStoreCommands(program: Command): void {
  program
    .command('backup')
    .description('writes the log and its blobs into a folder, as of one moment; the engine may run meanwhile')
    .requiredOption('--out <folder>', 'folder to write to; made, or empty')
    .option('--json', 'say what was written as JSON', false)
    .action((flags: BackupFlags) => backUp(flags, process.env, say));
  program
    .command('restore')
    .description('writes a backup into an empty database, and makes NATS forget what came after it')
    .requiredOption('--from <folder>', 'folder that the backup is in')
    .option('--check', 'verify the backup, and write nothing', false)
    .option('--without-nats', 'there is no NATS beside the database, or an empty one', false)
    .option('--json', 'say what was restored as JSON', false)
    .action((flags: RestoreFlags) => restoreFrom(flags, process.env, say));
  program
    .command('rebuild')
    .description('drops every list and timer and makes them anew from the log; all services have to be stopped')
    .option('--json', 'say what was made as JSON', false)
    .action(async (flags: RebuildFlags) => {
      process.exitCode = await rebuildStore(flags, process.env, say);
    });
}

interface DevFlags {
  readonly port: number;
  readonly dataDir: string;
  readonly processes: 'one' | 'five';
  readonly example?: string | boolean;
}

async function dev({ port, dataDir, processes, example }: DevFlags): Promise<void> {
  const name = example === true ? 'onboarding' : example === false ? undefined : example;
  const command = new DevCommand(
    { port, dataDir, processes, cliFile: process.argv[1] ?? '', ...(name === undefined ? {} : { example: name }) },
    process.env,
    say,
  );
  const stop = (): void => {
    if (command.isStopping) process.exit(1);
    say('stopping…');
    void command.stop().then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    await command.start();
  } catch (error) {
    // What breaks because everything is being stopped is no failure, and the exit is on its way.
    if (command.isStopping) return;
    await command.stop();
    throw error;
  }
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('a port is a number from 0 to 65535.');
  return port;
}
