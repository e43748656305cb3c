import type { Watched } from '../machine/cpu-watch';
import type { AppProcess, AppSettings } from './app-process';
import type { Journal } from '../work/journal';
import type { RunOrder, Work } from '../work/work';

/**
 * An engine that can be measured, and the app of its users that goes with it. One file is one engine (or one engine in several shapes), and
 * one line in `index.ts`.
 */
export interface EngineKind {
  /** As in `--peers` and in the tables. */
  readonly name: string;
  /** One line for the results page: version, and what was set otherwise than it comes. */
  readonly about: string;
  /** Names of cases that can't be asked of it, and why not. */
  readonly leavesOut?: Readonly<Record<string, string>>;
  /** In what the engine's app does. Undefined: nobody can say beforehand. */
  callsPerRun(work: Work): number | undefined;
  /** Of the counter `writes`. Undefined: nobody can say beforehand. */
  writesPerRun?(work: Work): number | undefined;
  /**
   * Starts all of it, with fresh data below the folder, and resolves when it can take runs.
   * @param profileTo folder for a `.cpuprofile` of each process, named after it, which is there once the engine is stopped; only ours are asked
   * @throws Error when it can't be started
   */
  start(folder: string, profileTo?: string): Promise<Engine>;
  /**
   * The app, in its own process: listens, and does every run's steps (`stepResult`), telling the journal.
   * @returns the URL that the engine shall call it by
   */
  serve(journal: Journal, settings: AppSettings): Promise<string>;
}

/** One that runs. Whoever started it stops it. */
export interface Engine {
  /** Every process of it that runs now, and of what serves and watches it, but not the driver. */
  readonly processes: readonly Watched[];
  readonly app: AppProcess;
  /** Resolves when the run is durable. 'shed': it was refused for load, and may be tried again. @throws Error when refused otherwise */
  accept(order: RunOrder): Promise<'accepted' | 'shed'>;
  /** Resolves when it has ended, with its result. @throws Error when it can't be accepted */
  complete(order: RunOrder): Promise<number>;
  counters(): Promise<Counters>;
  /**
   * Ends what is the engine's own, not its servers. Undefined: it can't be without them.
   * @returns starts it again, and resolves as soon as its processes exist
   */
  end?(signal: 'SIGTERM' | 'SIGKILL'): Promise<() => void>;
  stop(): Promise<void>;
}

/** Of what only grows. */
const COUNTERS = [
  /** Syncs of the log that durability rests on. */
  'fsyncs',
  /** Messages that processes sent to the broker between them. */
  'messages',
  /** Entries of the engine's own log: what was written as one, however much that is. */
  'writes',
  /** Commands to the store that write, and all of them. */
  'writeCommands',
  'commands',
] as const;
/** An engine that has no such thing, or doesn't tell, leaves it out. */
export type Counters = { readonly [name in (typeof COUNTERS)[number]]?: number };

/** What was added to each in between. */
export function countedSince(before: Counters, after: Counters): Counters {
  const grown = COUNTERS.flatMap((name) => {
    const [from, to] = [before[name], after[name]];
    return from === undefined || to === undefined ? [] : [[name, to - from] as const];
  });
  return Object.fromEntries(grown);
}
