import { inspect, parseArgs } from 'node:util';
import { forgetfulProgram } from './forgetful-disk';
import { powerCuts } from './power-cut';

/*
 * `npm run power-cut -- --cuts 20 --seed 7 --in-flight 30`. Exit code 1 when anything acknowledged was lost, 2 when it can't be run here.
 * `--without-journal` shows that it would be noticed.
 */

const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const columns = (...cells: readonly (string | number)[]): string =>
  cells.map((cell) => String(cell).padStart(10)).join('');
const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      cuts: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      'in-flight': { type: 'string', default: '30' },
      'without-journal': { type: 'boolean', default: false },
    },
  });
  const program = forgetfulProgram();
  if ('missing' in program) {
    process.stderr.write(`No power can be cut here, the forgetful file system is not to be had: ${program.missing}\n`);
    return 2;
  }
  const journaling = !values['without-journal'];
  write(`${values.cuts} power cuts, seed ${values.seed}${journaling ? '' : ', syncs of the journal ignored'}\n`);
  write('What the disk forgot, in files, pages and names; seconds until mongod, all services and a start were back.\n');
  write(columns('cut', 'nats', 'acked', 'files', 'pages', 'names', 'mongod', 'services', 'start'));
  const startedAt = performance.now();
  const result = await powerCuts({
    seed: Number(values.seed),
    cuts: Number(values.cuts),
    inFlight: Number(values['in-flight']),
    program: program.path,
    journaling,
    ...(journaling ? {} : { patienceMs: 30_000 }),
    onCut: ({ number, nats, acknowledged, loss, primaryAfterMs, readyAfterMs, answersAfterMs }) => {
      const after = [primaryAfterMs, readyAfterMs, answersAfterMs].map(seconds);
      write(columns(number, nats, acknowledged, loss.files, loss.pages, loss.names, ...after));
    },
  });
  const { runs, arrivals, duplicates, recoveredAfterMs, violations, folder } = result;
  write(`\nruns ${runs}, deliveries ${arrivals.length}, of them ${duplicates} made twice`);
  write(
    `all had ended ${seconds(recoveredAfterMs)} s after the last; ${seconds(performance.now() - startedAt)} s in all`,
  );
  for (const violation of violations) write(`VIOLATION ${violation}`);
  write(`violations ${violations.length}${violations.length > 0 ? `, logs and data in ${folder}` : ''}`);
  return violations.length === 0 ? 0 : 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${inspect(error)}\n`);
    process.exitCode = 2;
  },
);
