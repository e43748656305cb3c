import type { IncomingHttpHeaders } from 'node:http';
import { createHash, createHmac } from 'node:crypto';
import { DEV } from '../stepwell-under-test';
import type { StepBody } from './wire-requests';

/** One element of a step list (protocol.md 7.1). */
export interface ListedEntry {
  readonly messageId: string;
  readonly body: string;
  readonly callType: string;
}

/**
 * One HTTP attempt of the engine's, as an endpoint sees it. `problems` is what the protocol forbids (3.1, 4, 7.2, 8.3): each is found here,
 * whatever a test is about.
 */
export class Delivery {
  readonly at = performance.now();
  readonly kind: 'step' | 'callback' | 'failure';
  readonly runId: string;
  readonly messageId: string;
  readonly retried: number;
  /** The step list; empty for callbacks and failure callbacks. */
  readonly entries: readonly ListedEntry[];
  readonly problems: string[] = [];
  private readonly last: StepBody | undefined;

  constructor(
    readonly url: string,
    readonly headers: IncomingHttpHeaders,
    readonly text: string,
  ) {
    this.kind = kindOf(headers);
    this.runId = String(headers['upstash-workflow-runid']);
    this.messageId = String(headers['upstash-message-id']);
    this.retried = Number(headers['upstash-retried']);
    this.entries = this.kind === 'step' ? this.listed() : [];
    const last = this.entries.at(-1);
    this.last = last && this.entries.length > 1 ? (decoded(last) as StepBody) : undefined;
    this.check();
  }

  /** It carries nothing but the initial payload. */
  get isFirst(): boolean {
    return this.kind === 'step' && this.entries.length === 1;
  }

  /** The step that its list ends in; undefined for the initial payload and for callbacks. */
  get step(): StepBody | undefined {
    return this.last;
  }

  /** Whether its list ends in that step's result. */
  isResultOf(stepId: number): boolean {
    return this.last?.targetStep === undefined && this.last?.stepId === stepId;
  }

  /** What the notice carried that the list's last step was waiting for (8.4); undefined when its time was over. */
  get notice(): string | undefined {
    const { out } = this.last ?? {};
    return out === undefined ? undefined : Buffer.from(out, 'base64').toString();
  }

  private listed(): ListedEntry[] {
    const list: unknown = parsed(this.text);
    if (!Array.isArray(list) || list.length === 0) this.problems.push(`no step list: ${this.text.slice(0, 200)}`);
    return Array.isArray(list) ? (list as ListedEntry[]) : [];
  }

  private check(): void {
    if (!/^\d+$/.test(String(this.headers['upstash-retried']))) this.problems.push('no Upstash-Retried');
    const version = this.headers['upstash-workflow-sdk-version'];
    if (this.kind === 'step' && version !== '1')
      this.problems.push(`sdk version of a step delivery: ${String(version)}`);
    if (this.kind === 'callback' && version !== undefined) this.problems.push('a callback with an sdk version');
    const own = this.entries.at(-1)?.messageId;
    if (this.kind === 'step' && own !== this.messageId)
      this.problems.push(`the slice of ${this.messageId} ends in ${String(own)}`);
    const problem = problemOfSignature(String(this.headers['upstash-signature']), this.url, this.text);
    if (problem !== undefined) this.problems.push(problem);
  }
}

function kindOf(headers: IncomingHttpHeaders): Delivery['kind'] {
  if (headers['upstash-workflow-failure-callback'] !== undefined) return 'failure';
  return headers['upstash-workflow-callback'] === undefined ? 'step' : 'callback';
}

const decoded = ({ body }: ListedEntry): unknown => parsed(Buffer.from(body, 'base64').toString());

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function problemOfSignature(token: string, url: string, text: string): string | undefined {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const expected = createHmac('sha256', DEV.currentSigningKey).update(`${header}.${claims}`).digest('base64url');
  if (signature !== expected) return `not signed: ${token}`;
  const { sub, body } = parsed(Buffer.from(claims, 'base64url').toString()) as { sub: string; body: string };
  if (sub !== url) return `signed for ${sub}, not for ${url}`;
  const digest = createHash('sha256').update(text).digest('base64url');
  return body.replaceAll('=', '') === digest ? undefined : 'signed for another body';
}
