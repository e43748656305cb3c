import type { ServiceName } from '@stepwell/core';
import { createFaultProxy, type FaultProxy } from '@stepwell/testing';
import { join } from 'node:path';
import { ThirdParty } from '../e2e/conformance/third-party';
import { seededRandom } from '../e2e/random';
import { ServiceFleet } from '../e2e/service-fleet';
import { WorkflowApp } from '../e2e/workflow-app';
import { Cluster } from './cluster';
import { lastingPort } from './lasting-port';
import { LyingEndpoint } from './lies/lying-endpoint';
import { StubbornGateway } from './lies/stubborn-gateway';
import { ProcessClocks } from './process-clocks';
import type { RunStates } from './run-states';
import type { Servers } from './servers/servers';
import type { WorkloadParts } from './workload';
import { Workload } from './workload';

export const DATABASE = 'chaos';
/** Of the deliveries, and of the submissions, of those who lie. */
const LIES = { deliveries: 0.2, submissions: 0.3 };

export interface StageOptions {
  /** Where the services' logs go. */
  readonly folder: string;
  readonly seed: number;
  /** Processes of every service but the gateway, of which a port has one. */
  readonly members: 1 | 2;
  /** Settings of the services besides those that the stage decides. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Everything that plays a part on given servers: services, the users' apps, and who stands between them. */
export class Stage {
  private constructor(
    readonly engineUrl: string,
    readonly servers: Servers,
    readonly cluster: Cluster,
    readonly clocks: ProcessClocks,
    readonly thirdParty: ThirdParty,
    /** Theirs who don't lie. */
    readonly app: WorkflowApp,
    readonly liars: WorkflowApp,
    readonly endpoint: FaultProxy,
    readonly lyingEndpoint: LyingEndpoint,
    readonly stubbornGateway: StubbornGateway,
  ) {}

  /** The services are not started yet. */
  static async set(servers: Servers, { folder, seed, members, settings }: StageOptions): Promise<Stage> {
    const gatewayPort = await lastingPort();
    const engineUrl = `http://127.0.0.1:${gatewayPort}`;
    const clocks = new ProcessClocks(join(folder, 'clocks'));
    const fleet = new ServiceFleet(folder, {
      ...clocks.env,
      ...servers.settings(DATABASE),
      STEPWELL_GATEWAY_PORT: String(gatewayPort),
      ...settings,
    });
    const sizes: Record<ServiceName, number> = {
      gateway: 1,
      'run-state': members,
      scheduler: members,
      'http-caller': members,
      'event-notifier': members,
    };
    const app = new WorkflowApp({ engineUrl });
    const stubborn = new StubbornGateway({
      gatewayPort,
      random: seededRandom(seed + 2),
      probability: LIES.submissions,
    });
    await stubborn.start();
    const liars = new WorkflowApp({ engineUrl: stubborn.url });
    const lying = new LyingEndpoint({
      appPort: () => Number(new URL(liars.url).port),
      random: seededRandom(seed + 3),
      probability: LIES.deliveries,
    });
    const thirdParty = new ThirdParty();
    await Promise.all([app.start(), liars.start(), lying.start(), thirdParty.start()]);
    const endpoint = await createFaultProxy({ port: Number(new URL(app.url).port) });
    const cluster = new Cluster(fleet, sizes);
    return new Stage(engineUrl, servers, cluster, clocks, thirdParty, app, liars, endpoint, lying, stubborn);
  }

  workload(states: RunStates, parts: Pick<WorkloadParts, 'inFlight' | 'random' | 'patienceMs'>): Workload {
    const { engineUrl, app, liars, endpoint, lyingEndpoint, thirdParty } = this;
    return new Workload({
      engineUrl,
      apps: {
        plain: { app, url: app.url },
        hindered: { app, url: `http://127.0.0.1:${endpoint.port}` },
        lying: { app: liars, url: lyingEndpoint.url },
      },
      thirdParty,
      hasEnded: (runId) => states.hasEnded(runId),
      ...parts,
    });
  }

  async strike(): Promise<void> {
    await this.cluster.stop();
    await Promise.all([
      this.app.stop(),
      this.liars.stop(),
      this.lyingEndpoint.stop(),
      this.stubbornGateway.stop(),
      this.thirdParty.stop(),
      this.endpoint.close(),
    ]);
  }
}
