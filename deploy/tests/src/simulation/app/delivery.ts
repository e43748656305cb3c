import type { OutboundRequest } from '@stepwell/http-caller/testing';
import type { DeliveredStep } from '../judge/evidence';

/** One request to the application, read as the official client reads it (protocol.md 7.1, 8.3, 9.4). */
export interface Delivery {
  readonly kind: 'step' | 'callback' | 'failure';
  readonly runId: string;
  readonly messageId: string;
  readonly retried: number;
  /** It may be answered with what is submitted. */
  readonly takesSteps: boolean;
  /** Of a step: the program it runs, and all entries of its list, plans too, in order. */
  readonly program: number;
  readonly entries: readonly DeliveredStep[];
  /** Of a callback. */
  readonly called:
    | { readonly stepId: number; readonly concurrent: number; readonly status: number; readonly body: string }
    | undefined;
}

interface StepJson {
  readonly stepId: number;
  readonly targetStep?: number;
  readonly stepType: string;
  readonly concurrent?: number;
  readonly out?: unknown;
  readonly waitTimeout?: boolean;
  readonly waitEventId?: string;
}

export function readDelivery({ headers, body }: OutboundRequest): Delivery {
  const map = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
  const text = (name: string): string => map.get(name) ?? '';
  const common = {
    runId: text('upstash-workflow-runid'),
    messageId: text('upstash-message-id'),
    retried: Number(text('upstash-retried')),
    takesSteps: text('stepwell-steps') === 'inline',
    program: 0,
    entries: [],
    called: undefined,
  };
  const json: unknown = JSON.parse(Buffer.concat(body.pieces).toString());
  if (text('upstash-workflow-is-failure') === 'true') return { ...common, kind: 'failure' };
  if (text('upstash-workflow-callback') === 'true') {
    const answer = json as { status: number; body?: string };
    const called = {
      stepId: Number(text('upstash-workflow-stepid')),
      concurrent: Number(text('upstash-workflow-concurrent')),
      status: answer.status,
      body: decoded(answer.body ?? ''),
    };
    return { ...common, kind: 'callback', called };
  }
  const [payload, ...steps] = json as { messageId: string; body: string }[];
  const { program } = JSON.parse(decoded(payload?.body ?? '')) as { program: number };
  return {
    ...common,
    kind: 'step',
    program,
    entries: steps.map((entry) => stepIn(entry.messageId, decoded(entry.body))),
  };
}

function stepIn(messageId: string, text: string): DeliveredStep {
  const step = JSON.parse(text) as StepJson;
  const { stepId, targetStep, stepType, concurrent = 1, out, waitTimeout = false, waitEventId } = step;
  const outcome = JSON.stringify({ out, waitTimeout, ...(waitEventId === undefined ? {} : { waitEventId }) });
  return { messageId, stepId, targetStep, stepType, concurrent, outcome, isTimeout: waitTimeout };
}

const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString();
