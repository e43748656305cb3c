import { freePort, VERSION } from '@stepwell/platform';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ROLES } from '../../chaos/cluster';
import { BareClient } from '../../e2e/races/bare-client';
import { starting } from '../../e2e/races/wire-requests';
import { type FleetMember, type Role, ServiceFleet } from '../../e2e/service-fleet';
import type { Topology } from '../../e2e/stepwell-under-test';
import type { Journal } from '../work/journal';
import type { RunOrder, Work } from '../work/work';
import { AppProcess } from './app-process';
import type { Watched } from '../machine/cpu-watch';
import type { Engine, EngineKind } from './engine';
import { serveStepwellApp } from './stepwell.app';
import { serveInlineApp } from './stepwell.inline-app';
import { startServers } from './stepwell.servers';

const ABOUT: Readonly<Record<Topology, string>> = {
  one: 'all services in one process (`--role all`)',
  five: 'five services as processes of their own',
};

type ServeApp = (journal: Journal, gatewayUrl: string) => Promise<string>;

/** How the app tells what it did. */
type Wire = 'requests' | 'inline';
interface WireKind extends Pick<Required<EngineKind>, 'callsPerRun' | 'writesPerRun'> {
  readonly suffix: string;
  readonly about: string;
  readonly serve: ServeApp;
}
/** Entries of a step list beside the payload; those of steps side by side are told one by one. */
const resultsOf = ({ steps, sleep }: Work): number => steps + (sleep === undefined ? 0 : 1);
/** That a sleep is over is an entry of the log by itself. */
const wakingsOf = ({ sleep }: Work): number => (sleep === undefined ? 0 : 1);
const WIRES: Readonly<Record<Wire, WireKind>> = {
  requests: {
    suffix: '',
    about: 'q: on the official client’s wire',
    // The first delivery, and one after each plan and each result.
    callsPerRun: (work) => 1 + resultsOf(work) + (work.isFanOut ? work.steps : 0),
    writesPerRun: (work) => (work.isFanOut ? undefined : resultsOf(work) + wakingsOf(work) + 2),
    serve: serveStepwellApp,
  },
  inline: {
    suffix: '-inline',
    about: 'w: results in the answer (`Stepwell-Steps: inline`)',
    // The last result is told together with the end, unless steps were side by side.
    callsPerRun: (work) => (work.isFanOut ? 1 + resultsOf(work) + work.steps : Math.max(1, resultsOf(work))),
    writesPerRun: (work) => (work.isFanOut ? undefined : Math.max(1, resultsOf(work)) + wakingsOf(work) + 1),
    serve: serveInlineApp,
  },
};

/** When a refusal for load names no other time. */
const TRY_AGAIN_MS = 1_000;

/** How many processes there are of what carries the load. Of the others there is one. */
const SCALED_ROLES: readonly Role[] = ['run-state', 'http-caller'];
/** Who owns partitions. */
const NAMED_ROLES: readonly Role[] = ['all', 'run-state', 'scheduler'];

/** The product as it is shipped: tokens, signatures, validation, logs at info into files, metrics; on a mongod and a nats-server of its own. */
export function stepwell(topology: Topology, wire: Wire, times = 1): EngineKind {
  const { suffix, about, callsPerRun, writesPerRun, serve } = WIRES[wire];
  const name = `stepwell-${topology}${times === 1 ? '' : `-x${times}`}${suffix}`;
  const roles: readonly Role[] =
    topology === 'one'
      ? ['all']
      : ROLES.flatMap((role) => Array.from({ length: SCALED_ROLES.includes(role) ? times : 1 }, () => role));
  const processes =
    times === 1 ? ABOUT[topology] : `${ABOUT[topology]}, ${times} each of ${SCALED_ROLES.join(' and ')}`;
  return {
    name,
    about: `Stepwell ${VERSION}, ${processes}; ${about}; its settings as they come`,
    callsPerRun,
    writesPerRun,
    start: (folder, profileTo) => startStepwell(name, roles, folder, profileTo),
    serve: (journal, { gatewayUrl = '' }) => serve(journal, gatewayUrl),
  };
}

async function startStepwell(
  name: string,
  roles: readonly Role[],
  folder: string,
  profileTo: string | undefined,
): Promise<Engine> {
  const servers = await startServers(folder);
  const port = await freePort();
  const gatewayUrl = `http://127.0.0.1:${port}`;
  const settings = {
    ...servers.settings,
    STEPWELL_GATEWAY_HOST: '127.0.0.1',
    STEPWELL_GATEWAY_PORT: String(port),
  };
  const services = new Services(roles, folder, settings, profileTo);
  const stop = async (): Promise<void> => {
    // A process that is killed writes no profile; otherwise nobody needs its orderly end.
    await services.end(profileTo === undefined ? 'SIGKILL' : 'SIGTERM');
    await servers.stop();
  };
  try {
    services.start();
    await services.ready();
    const app = await AppProcess.start(name, { gatewayUrl });
    const client = new StepwellClient(gatewayUrl, app);
    return {
      app,
      get processes() {
        return [...services.processes, ...servers.processes, { name: 'app', pid: app.pid, part: 'harness' } as const];
      },
      accept: (order) => client.accept(order),
      complete: (order) => client.complete(order),
      counters: () => servers.counters(),
      end: async (signal) => {
        await services.end(signal);
        return () => {
          services.start();
        };
      },
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

/** The engine's own processes, which can be started again. */
class Services {
  private fleet: ServiceFleet | undefined;
  private members: readonly FleetMember[] = [];
  private starts = 0;

  constructor(
    private readonly roles: readonly Role[],
    private readonly folder: string,
    private readonly settings: NodeJS.ProcessEnv,
    private readonly profileTo: string | undefined,
  ) {}

  start(): void {
    this.starts += 1;
    const logs = join(this.folder, `services-${this.starts}`);
    mkdirSync(logs);
    const fleet = new ServiceFleet(logs, this.settings);
    this.fleet = fleet;
    process.once('exit', this.killAll);
    const { profileTo } = this;
    this.members = this.roles.map((role, index) => {
      const name = this.roles.indexOf(role) === index ? role : `${role}-${index}`;
      return fleet.add(role, {
        // As compose and the StatefulSets have it: who comes back under its name waits for no lease of its own (L2).
        env: NAMED_ROLES.includes(role) ? { STEPWELL_MEMBER_NAME: name } : {},
        nodeArgs: profileTo === undefined ? [] : profilerOf(name, profileTo),
      });
    });
  }

  async ready(): Promise<void> {
    await this.fleet?.ready();
  }

  get processes(): readonly Watched[] {
    return this.members.map(({ role, child }) => ({ name: role, pid: child.pid ?? 0, part: 'engine' }));
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await (signal === 'SIGKILL' ? this.fleet?.end() : this.fleet?.stop());
    process.off('exit', this.killAll);
  }

  private readonly killAll = (): void => {
    for (const { child } of this.members) child.kill('SIGKILL');
  };
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

  async accept({ id, ...payload }: RunOrder): Promise<'accepted' | 'shed'> {
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
