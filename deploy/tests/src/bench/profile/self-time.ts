/** What V8 writes into a `.cpuprofile`, as far as it is read here. Times in µs of the machine's monotonic clock. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly startTime: number;
  /** Ids of nodes. */
  readonly samples: readonly number[];
  /** From each sample's predecessor to it; of the first, from the start. */
  readonly timeDeltas: readonly number[];
}

/** Time that was spent in a place itself, and not in what it called. */
export interface SelfTime {
  readonly place: string;
  readonly us: number;
}

/** Self time of each package and of each function between two times, the most first. Idle time is none. */
export function selfTimesIn(
  { nodes, startTime, samples, timeDeltas }: CpuProfile,
  fromUs: number,
  toUs: number,
): { readonly packages: readonly SelfTime[]; readonly functions: readonly SelfTime[] } {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const packages = new Map<string, number>();
  const functions = new Map<string, number>();
  let at = startTime;
  samples.forEach((id, index) => {
    const delta = timeDeltas[index] ?? 0;
    at += delta;
    const frame = frames.get(id);
    if (frame === undefined || frame.functionName === '(idle)' || at < fromUs || at > toUs) return;
    const owner = packageOf(frame.url) ?? frame.functionName;
    add(packages, owner, delta);
    add(functions, frame.url === '' ? frame.functionName : `${owner} ${frame.functionName} ${fileOf(frame)}`, delta);
  });
  return { packages: descending(packages), functions: descending(functions) };
}

/** Whose code that is: a package's name, a folder of ours, Node's own. Undefined: nobody's, as the garbage collector. */
function packageOf(url: string): string | undefined {
  if (url === '') return undefined;
  if (url.startsWith('node:')) return 'node';
  const dependency = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  return dependency ?? /\/((?:libs|services)\/[^/]+)\//.exec(url)?.[1] ?? url;
}

function fileOf({ url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  return `${url.slice(url.lastIndexOf('/') + 1)}:${lineNumber + 1}`;
}

const add = (times: Map<string, number>, place: string, us: number): void => {
  times.set(place, (times.get(place) ?? 0) + us);
};

const descending = (times: ReadonlyMap<string, number>): SelfTime[] =>
  [...times].map(([place, us]) => ({ place, us })).sort((a, b) => b.us - a.us);
