import { freePort, VERSION } from '@stepwell/platform';
import { setTimeout as delay } from 'node:timers/promises';
import { ROLES } from '../../chaos/cluster';
import { BareClient } from '../../e2e/races/bare-client';
import { starting } from '../../e2e/races/wire-requests';
import { ServiceFleet } from '../../e2e/service-fleet';
import type { Topology } from '../../e2e/stepwell-under-test';
import type { Journal } from '../work/journal';
import type { RunOrder } from '../work/work';
import { AppProcess } from './app-process';
import type { Engine, EngineKind } from './engine';
import { type Payload, serveStepwellApp } from './stepwell.app';
import { serveInlineApp } from './stepwell.inline-app';
import { startServers } from './stepwell.servers';

const ABOUT: Readonly<Record<Topology, string>> = {
  one: 'all services in one process (`--role all`)',
  five: 'five services as processes of their own',
};

/** How the app tells what it did. */
type Wire = 'requests' | 'inline';
const WIRES: Readonly<
  Record<
    Wire,
    Pick<Required<EngineKind>, 'callsPerRun' | 'writesPerRun'> & { suffix: string; about: string; serve: ServeApp }
  >
> = {
  // Short q: the first delivery, and one after each result.
  requests: {
    suffix: '',
    about: 'q: on the official client’s wire',
    callsPerRun: (steps) => steps + 1,
    writesPerRun: (steps) => steps + 2,
    serve: serveStepwellApp,
  },
  // Short w: the last result is told together with the end.
  inline: {
    suffix: '-inline',
    about: 'w: results in the answer (`Stepwell-Steps: inline`)',
    callsPerRun: (steps) => Math.max(1, steps),
    writesPerRun: (steps) => Math.max(1, steps) + 1,
    serve: serveInlineApp,
  },
};
type ServeApp = (journal: Journal, gatewayUrl: string) => Promise<string>;
/** When a refusal for load names no other time. */
const TRY_AGAIN_MS = 1_000;

/** The product as it is shipped: tokens, signatures, validation, logs at info into files, metrics; on a mongod and a nats-server of its own. */
export function stepwell(topology: Topology, wire: Wire): EngineKind {
  const { suffix, about, callsPerRun, writesPerRun, serve } = WIRES[wire];
  const name = `stepwell-${topology}${suffix}`;
  return {
    name,
    about: `Stepwell ${VERSION}, ${ABOUT[topology]}; ${about}; its settings as they come`,
    callsPerRun,
    writesPerRun,
    start: (folder, profileTo) => startStepwell(name, topology, folder, profileTo),
    serve: (journal, { gatewayUrl = '' }) => serve(journal, gatewayUrl),
  };
}

async function startStepwell(name: string, topology: Topology, folder: string, profileTo?: string): Promise<Engine> {
  const servers = await startServers(folder);
  const port = await freePort();
  const gatewayUrl = `http://127.0.0.1:${port}`;
  const fleet = new ServiceFleet(folder, {
    ...servers.settings,
    STEPWELL_GATEWAY_HOST: '127.0.0.1',
    STEPWELL_GATEWAY_PORT: String(port),
  });
  const members = (topology === 'one' ? (['all'] as const) : ROLES).map((role) =>
    fleet.add(role, { nodeArgs: profileTo === undefined ? [] : profilerOf(role, profileTo) }),
  );
  const killAll = (): void => {
    for (const { child } of members) child.kill('SIGKILL');
  };
  process.once('exit', killAll);
  const stop = async (): Promise<void> => {
    // A process that is killed writes no profile; otherwise nobody needs its orderly end.
    await (profileTo === undefined ? fleet.end() : fleet.stop());
    process.off('exit', killAll);
    await servers.stop();
  };
  try {
    await fleet.ready();
    const app = await AppProcess.start(name, { gatewayUrl });
    const client = new StepwellClient(gatewayUrl, app);
    return {
      app,
      processes: [
        ...members.map(({ role, child }) => ({ name: role, pid: child.pid ?? 0, part: 'engine' }) as const),
        ...servers.processes,
        { name: 'app', pid: app.pid, part: 'harness' },
      ],
      accept: (order) => client.accept(order),
      complete: (order) => client.complete(order),
      counters: () => servers.counters(),
      stop: async () => {
        await Promise.all([client.close(), app.stop()]);
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const profilerOf = (role: string, folder: string): string[] => [
  '--cpu-prof',
  `--cpu-prof-dir=${folder}`,
  `--cpu-prof-name=${role}.cpuprofile`,
];

/** Starts runs as `client.trigger` does. */
class StepwellClient {
  private readonly http: BareClient;

  constructor(
    gatewayUrl: string,
    private readonly app: AppProcess,
  ) {
    this.http = new BareClient(gatewayUrl);
  }

  async accept({ id, seed, steps }: RunOrder): Promise<'accepted' | 'shed'> {
    const payload: Payload = { seed, steps };
    const answer = await this.http.send(starting([{ id, url: this.app.url }], { payload: JSON.stringify(payload) }));
    if (answer.status === 200) return 'accepted';
    if (answer.status !== 429 && answer.status !== 503)
      throw new Error(`${id} is refused: ${answer.status} ${answer.text}`);
    await delay(answer.retryAfter === undefined ? TRY_AGAIN_MS : Number(answer.retryAfter) * 1000);
    return 'shed';
  }

  async complete(order: RunOrder): Promise<number> {
    const ended = this.app.ended(order.id);
    while ((await this.accept(order)) === 'shed');
    return ended;
  }

  close(): Promise<void> {
    return this.http.close();
  }
}
