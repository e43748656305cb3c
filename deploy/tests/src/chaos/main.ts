import { parseArgs } from 'node:util';
import { chaos } from './chaos';

/* `npm run chaos -- --minutes 10 --seed 7 --members 2 --in-flight 40`. Exit code 1 when anything acknowledged was broken. */

const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      members: { type: 'string', default: '2' },
      'in-flight': { type: 'string', default: '30' },
    },
  });
  const seed = Number(values.seed);
  const startedAt = performance.now();
  write(`chaos for ${values.minutes} minutes, seed ${seed}, ${values.members} process(es) of each service`);
  const result = await chaos({
    seed,
    forMs: Number(values.minutes) * 60_000,
    members: values.members === '1' ? 1 : 2,
    inFlight: Number(values['in-flight']),
    say: (line) => {
      write(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(8)} s  ${line}`);
    },
  });
  write('');
  for (const [fault, count] of [...result.faults].sort()) write(`${String(count).padStart(6)}  ${fault}`);
  write('');
  write(`runs ${result.runs}, deliveries ${result.deliveries}, of them ${result.duplicates} made twice`);
  write(
    `processes started again ${result.restarts}, all had ended ${(result.recoveredAfterMs / 1000).toFixed(1)} s after the last fault`,
  );
  for (const violation of result.violations) write(`VIOLATION ${violation}`);
  write(
    `violations ${result.violations.length}${result.violations.length > 0 ? `, logs in ${result.folder}` : ''}, seed ${seed}`,
  );
  return result.violations.length === 0 ? 0 : 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 2;
  },
);
