import type { GatewayDesks } from '@stepwell/gateway/testing';
import { Problem, problemIn } from '@stepwell/platform';
import type { SimulatedProcess } from '../world/simulated-process';
import type { World } from '../world/world';
import { transit } from '../world/world';

export interface Gateway {
  readonly process: SimulatedProcess;
  readonly desks: GatewayDesks;
}

export type Reply<Value> =
  | { readonly kind: 'answered'; readonly value: Value }
  | { readonly kind: 'problem'; readonly status: number; readonly code: string; readonly text: string }
  /** The connection broke, or the client had no more patience: nobody knows what became of it. */
  | { readonly kind: 'broken' };

const CLIENT_PATIENCE_MS = 45_000;

/** HTTP between clients and the gateways, one of which a balancer picks. */
export class Gateways {
  readonly running: Gateway[] = [];

  constructor(private readonly world: World) {}

  request<Value>(work: (desks: GatewayDesks, hangUp: AbortSignal) => Promise<Value>): Promise<Reply<Value>> {
    const { chance, time, weather, tally } = this.world;
    return new Promise((resolve) => {
      const able = this.running.filter(({ process }) => !process.isDead);
      const gateway = able.length === 0 ? undefined : chance.pick(able);
      const hangUp = new AbortController();
      let isSettled = false;
      const settle = (reply: Reply<Value>): void => {
        if (isSettled) return;
        isSettled = true;
        stopWaiting();
        resolve(reply);
      };
      const broken = (): void => {
        settle({ kind: 'broken' });
        // The gateway hears of it as of anything else.
        gateway?.process.enter(() => {
          hangUp.abort();
        });
      };
      const stopWaiting = time.after(CLIENT_PATIENCE_MS, broken);
      if (gateway === undefined) {
        time.after(transit(this.world), broken);
        return;
      }
      gateway.process.onEnd(() => {
        time.after(transit(this.world), () => settle({ kind: 'broken' }));
      });
      if (chance.happens(weather.now.net.lose)) {
        tally.count('net: client connections broken');
        time.after(chance.between(0, 500), broken);
      }
      time.after(transit(this.world), () => {
        gateway.process.enter(() => {
          work(gateway.desks, hangUp.signal).then(
            (value) => {
              time.after(transit(this.world), () => settle({ kind: 'answered', value }));
            },
            (error: unknown) => {
              const problem = problemIn(error) ?? new Problem('INTERNAL', String(error));
              time.after(transit(this.world), () => settle(replyOf(problem)));
            },
          );
        });
      });
    });
  }
}

export const replyOf = ({ status, code, message }: Problem): Extract<Reply<never>, { kind: 'problem' }> => ({
  kind: 'problem',
  status,
  code,
  text: message,
});
