import type { ExchangeEnd, OutboundClient, OutboundRequest } from '@stepwell/http-caller/testing';
import type { Judge } from '../judge/judge';
import type { SimulatedProcess } from '../world/simulated-process';
import type { World } from '../world/world';
import { transit } from '../world/world';
import { THIRD_PARTY_URL } from './client-requests';
import type { Delivery } from './delivery';
import type { AppAnswer, WorkflowApp } from './workflow-app';
import { FAILED, REFUSED } from './workflow-app';

type Fate = 'ok' | 'fail' | 'failAfter' | 'cut' | 'hang' | 'slow' | 'lie' | 'refuse' | 'overtake';

const SLOW_MS = { least: 500, most: 20_000 };
/** More than any deadline of a scenario. */
const HANG_MS = 200_000;
/** A little more than a caller lives through without its answer. */
const OVERTAKEN_MS = { least: 2_000, most: 40_000 };

/** HTTP from the callers to the application and to third parties, which fail in all the ways such things do. */
export class HttpNetwork {
  constructor(
    private readonly world: World,
    private readonly app: WorkflowApp,
    private readonly judge: Judge,
  ) {}

  client(process: SimulatedProcess): OutboundClient {
    return {
      send: (request) => this.send(process, request),
      destroy: () => Promise.resolve(),
    };
  }

  private send(process: SimulatedProcess, request: OutboundRequest): Promise<ExchangeEnd> {
    const { time, tally } = this.world;
    const begun = { caller: process, atMs: time.nowMs };
    return new Promise((resolve) => {
      let isOver = false;
      const end = (attempt: Omit<ExchangeEnd['attempt'], 'durationMs'>): void => {
        if (isOver) return;
        isOver = true;
        cancelDeadline();
        request.body.sent?.();
        resolve({ attempt: { ...attempt, durationMs: time.nowMs - begun.atMs } });
      };
      const cancelDeadline = process.after(request.timeoutMs, () => {
        end({ headers: [], error: { code: 'DELIVERY_TIMEOUT', message: 'no answer in time' } });
      });
      const connection = {
        answered: (status: number, headers: AppAnswer['headers'], body: string) => {
          time.after(transit(this.world), () => {
            process.enter(() => {
              const isKept = request.answer(status, headers).keeps;
              end({ status, headers, ...(isKept ? { body: Buffer.from(body) } : {}) });
            });
          });
        },
        cut: (afterMs: number) => {
          time.after(afterMs, () => {
            process.enter(() => {
              end({ headers: [], error: { code: 'CONNECTION_FAILED', message: 'the connection was closed' } });
            });
          });
        },
      };
      tally.count(request.url.href.startsWith(THIRD_PARTY_URL) ? 'third-party calls' : 'deliveries');
      time.after(transit(this.world), () => {
        if (request.url.href.startsWith(THIRD_PARTY_URL)) this.atThirdParty(request, connection, begun);
        else this.atApp(request, connection, begun);
      });
    });
  }

  private fate(): Fate {
    const { chance, weather, tally } = this.world;
    const { app } = weather.now;
    const bad = Object.values(app).reduce((sum, each) => sum + each, 0);
    const fate = chance.weighted<Fate>({ ok: 1 - bad, ...app });
    if (fate !== 'ok') tally.count(`app: ${fate}`);
    return fate;
  }

  private atApp(request: OutboundRequest, connection: Connection, begun: Parameters<WorkflowApp['work']>[1]): void {
    const delivery = this.app.read(request);
    this.world.trace.tell(
      `${this.world.time.nowMs} ${delivery.kind} ${delivery.messageId} ${delivery.retried} ${begun.caller.name}`,
    );
    this.app.arrived(delivery, begun);
    const { chance, time } = this.world;
    const work = (): Promise<AppAnswer> => this.app.work(delivery, begun);
    const fate = this.fate();
    switch (fate) {
      case 'fail':
        this.failed(delivery, connection, FAILED);
        return;
      case 'lie':
        this.failed(delivery, connection, { ...FAILED, status: 200 });
        return;
      case 'refuse':
        this.failed(delivery, connection, REFUSED);
        return;
      case 'failAfter':
        void work().then(() => {
          this.failed(delivery, connection, FAILED);
        });
        return;
      case 'cut':
        this.app.failed(delivery, false);
        connection.cut(chance.between(0, 50));
        if (chance.happens(0.5)) void work();
        return;
      case 'overtake':
        this.app.failed(delivery, false);
        connection.cut(chance.between(0, 50));
        time.after(chance.between(OVERTAKEN_MS.least, OVERTAKEN_MS.most), () => void work());
        return;
      case 'hang':
        this.app.failed(delivery, false);
        if (chance.happens(0.5)) time.after(HANG_MS, () => void work());
        return;
      case 'slow':
      case 'ok':
        time.after(fate === 'slow' ? chance.between(SLOW_MS.least, SLOW_MS.most) : chance.between(0.1, 5), () => {
          void work().then((answer) => {
            this.answer(delivery, connection, answer);
          });
        });
    }
  }

  private answer(delivery: Delivery, connection: Connection, answer: AppAnswer): void {
    const isOutage = answer.body.includes('UNAVAILABLE');
    if (answer.status >= 300 && !isOutage) this.app.failed(delivery, false);
    connection.answered(answer.status, answer.headers, answer.body);
  }

  private failed(delivery: Delivery, connection: Connection, answer: AppAnswer): void {
    this.app.failed(delivery, answer === REFUSED);
    connection.answered(answer.status, answer.headers, answer.body);
  }

  private atThirdParty(
    request: OutboundRequest,
    connection: Connection,
    begun: Parameters<WorkflowApp['work']>[1],
  ): void {
    const runId = request.url.searchParams.get('run') ?? '';
    const stepId = Number(request.url.searchParams.get('step'));
    const run = this.judge.run(runId);
    if (run) {
      const calls = (run.calls.get(stepId) ?? 0) + 1;
      run.calls.set(stepId, calls);
      this.judge.begins(run, `call of step ${stepId}`, begun);
      this.judge.does(run, stepId, begun);
    }
    const { chance, time } = this.world;
    this.world.trace.tell(`${time.nowMs} call ${runId} ${stepId} ${begun.caller.name}`);
    const answer = (): void => {
      connection.answered(200, [['content-type', 'text/plain']], `charge-${stepId}`);
    };
    const fate = this.fate();
    switch (fate) {
      case 'fail':
      case 'failAfter':
      case 'lie':
      case 'refuse':
        connection.answered(503, [], 'busy');
        return;
      case 'cut':
      case 'overtake':
        connection.cut(chance.between(0, 50));
        return;
      case 'hang':
        return;
      case 'slow':
        time.after(chance.between(SLOW_MS.least, SLOW_MS.most), answer);
        return;
      case 'ok':
        time.after(chance.between(0.1, 30), answer);
    }
  }
}

interface Connection {
  answered(status: number, headers: AppAnswer['headers'], body: string): void;
  cut(afterMs: number): void;
}
