import type { ServerResponse } from 'node:http';
import type { Came } from './http-relay';
import { give, HttpRelay, passOn } from './http-relay';

/*
 * Between an app and the gateway: what the app submits once arrives again and again, and sometimes with another result the second time.
 * The first that was answered is what holds.
 */

/** What no workflow of the chaos gives. */
export const ANOTHER_RESULT = 'another result';

interface Item {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface StubbornGatewayParts {
  readonly gatewayPort: number;
  readonly random: () => number;
  /** Of a submission to be made again. */
  readonly probability: number;
}

export class StubbornGateway extends HttpRelay {
  /** How often something was submitted again, the same or with another result. */
  readonly again = { same: 0, other: 0 };

  constructor(private readonly parts: StubbornGatewayParts) {
    super();
  }

  protected async handle(came: Came, response: ServerResponse): Promise<void> {
    const { gatewayPort, random, probability } = this.parts;
    const first = await passOn(gatewayPort, came);
    const isDone = first.status >= 200 && first.status < 300;
    if (isDone && isSubmission(came) && random() < probability) {
      const other = random() < 0.5 ? withAnotherResult(came) : undefined;
      this.again[other === undefined ? 'same' : 'other'] += 1;
      await passOn(gatewayPort, other ?? came).catch(() => undefined);
    }
    give(response, first);
  }
}

function isSubmission({ method, target, body }: Came): boolean {
  return method === 'POST' && target === '/v2/batch' && itemsOf(body).every(isStep);
}

const isStep = ({ headers }: Item): boolean => headers?.['upstash-workflow-init'] === 'false';

function itemsOf(body: Buffer): Item[] {
  const parsed: unknown = JSON.parse(body.toString());
  return Array.isArray(parsed) ? (parsed as Item[]) : [parsed as Item];
}

/** Undefined when there is no result in it. */
function withAnotherResult(came: Came): Came | undefined {
  let changed = 0;
  const items = itemsOf(came.body).map((item) => {
    if (typeof item.body !== 'string') return item;
    const step = JSON.parse(item.body) as { out?: unknown };
    if (step.out === undefined) return item;
    changed += 1;
    return { ...item, body: JSON.stringify({ ...step, out: JSON.stringify(ANOTHER_RESULT) }) };
  });
  return changed === 0 ? undefined : { ...came, body: Buffer.from(JSON.stringify(items)) };
}
