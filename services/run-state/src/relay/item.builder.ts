import type {
  BodyPlace,
  BodyReference,
  BodySegment,
  BodySegmentReference,
  CallOutItem,
  Delivery,
  DeliverItem,
  EntryHead,
  Message,
  RunState,
  Tenure,
} from '@stepwell/core';
import {
  deliveryHeaders,
  callbackBody,
  ERROR_CODES,
  failureBodyPlace,
  failureCallbackBody,
  headerLists,
  message,
  sliceBytes,
} from '@stepwell/core';
import type { BodyReader } from '../bodies/body.reader';
import type { RunStream } from '../partition/stream';
import { IncompleteState } from './for-good';

const TAIL_BYTES = 16 * 1024;
/** What an entry costs in the item besides its body: without it, thousands of tiny entries would "fit". */
const HEAD_BYTES = 100;
/**
 * Callers keep what they have seen of a run, so the newest few are what they lack. A hundred heads of tiny entries were measured to
 * be the dearest part of a whole step, here and in every caller that parses them.
 */
const TAIL_ENTRIES = 16;
const LAZY_FEATURES = ['LazyFetch', 'WF_TriggerOnConfig'];
const utf8 = new TextEncoder();
const LIST_START = utf8.encode('[');
const LIST_END = utf8.encode(']');

export interface ItemSettings {
  readonly deliveryTimeoutMs: number;
  readonly callTimeoutMs: number;
  /** Larger step lists are left out where the client fetches them (7.5); 0 = never. */
  readonly lazyBodyBytes: number;
}

/** Turns what is owed into the work item that says it: everything a caller needs for one attempt, history aside (H5). */
export class ItemBuilder {
  constructor(
    private readonly bodies: BodyReader,
    private readonly settings: ItemSettings,
  ) {}

  /**
   * A step delivery needs nothing that isn't in memory: built at once, so that items are queued in the order of their commits and a
   * run that finishes early doesn't overtake its own discarded results.
   */
  step(tenure: Tenure, stream: RunStream, state: RunState, delivery: Delivery): Message<DeliverItem> {
    const last = delivery.entry ?? 0;
    if (this.isLeftOut(state, last)) {
      return message({ ...this.common(tenure, state, delivery, 'step'), takesSteps: true, segments: [], tail: [] });
    }
    const bodies: Uint8Array[] = [];
    const tail = tailOf(stream, state, last, bodies);
    const segments = [
      { literal: bodies.push(LIST_START) - 1 },
      { entries: { from: 0, to: last } },
      { literal: bodies.push(LIST_END) - 1 },
    ];
    return message({ ...this.common(tenure, state, delivery, 'step'), takesSteps: true, segments, tail }, bodies);
  }

  /**
   * Two features tell the JavaScript client, which fetches what it was not sent, from the one in Python, which says it would and can't
   * (7.5). Whoever submitted the message is asked, not who started the run: a client in JavaScript may start a workflow in Python.
   * Only a list is ever left out: the client parses callbacks directly.
   */
  private isLeftOut(state: RunState, last: number): boolean {
    const { lazyBodyBytes } = this.settings;
    if (lazyBodyBytes === 0 || sliceBytes(state, last) <= lazyBodyBytes) return false;
    const features = (last === 0 ? state.start : state.entries[last]?.data)?.features ?? [];
    return LAZY_FEATURES.every((feature) => features.includes(feature));
  }

  /** A callback or failure callback: what it tells of may have to be read first. */
  async callback(
    tenure: Tenure,
    stream: RunStream,
    state: RunState,
    delivery: Delivery,
  ): Promise<Message<DeliverItem>> {
    const bodies: Uint8Array[] = [];
    const isFailure = delivery.kind === 'failure';
    const segments = isFailure ? failureSegments(state, delivery) : callbackSegments(state, delivery);
    const placed = await this.placed(tenure, stream, segments, bodies);
    const kind = isFailure ? 'failure' : 'callback';
    return message({ ...this.common(tenure, state, delivery, kind), segments: placed, tail: [] }, bodies);
  }

  private common<Kind extends DeliverItem['kind']>(tenure: Tenure, state: RunState, delivery: Delivery, kind: Kind) {
    return {
      effectId: delivery.effectId,
      partition: tenure.partition,
      runId: state.runId,
      messageId: delivery.messageId,
      attempt: delivery.attempt,
      kind,
      url: delivery.url,
      method: delivery.method,
      headers: deliveryHeaders(state, delivery),
      timeoutMs: this.settings.deliveryTimeoutMs,
      eventAt: delivery.since,
    };
  }

  async callOut(tenure: Tenure, stream: RunStream, state: RunState, delivery: Delivery): Promise<Message<CallOutItem>> {
    const call = state.calls.get(delivery.messageId);
    if (!call) throw new IncompleteState(`run ${state.runId} has no call ${delivery.messageId}`);
    const bodies: Uint8Array[] = [];
    const item: CallOutItem = {
      effectId: delivery.effectId,
      partition: tenure.partition,
      runId: state.runId,
      messageId: delivery.messageId,
      attempt: delivery.attempt,
      url: delivery.url,
      method: delivery.method,
      headers: deliveryHeaders(state, delivery),
      timeoutMs: call.data.timeoutMs ?? this.settings.callTimeoutMs,
      eventAt: delivery.since,
      body: await this.reference(tenure, stream, call.place, bodies),
    };
    return message(item, bodies);
  }

  private async placed(
    tenure: Tenure,
    stream: RunStream,
    segments: readonly BodySegment<BodyPlace>[],
    bodies: Uint8Array[],
  ): Promise<BodySegmentReference[]> {
    const references: BodySegmentReference[] = [];
    for (const segment of segments) {
      if ('literal' in segment) references.push({ literal: bodies.push(segment.literal) - 1 });
      else references.push({ base64Of: await this.reference(tenure, stream, segment.base64Of, bodies) });
    }
    return references;
  }

  private async reference(
    tenure: Tenure,
    stream: RunStream,
    place: BodyPlace,
    bodies: Uint8Array[],
  ): Promise<BodyReference> {
    const { body } = place;
    if ('blob' in body) return { blob: { sha256: body.blob, sizeBytes: body.sizeBytes } };
    const [bytes] = await this.bodies.inline(tenure, stream, [place]);
    return { inline: bodies.push(bytes ?? new Uint8Array()) - 1 };
  }
}

/** The newest entries of the slice that lie in memory, up to the limit, without a gap before the last. */
function tailOf(stream: RunStream, state: RunState, last: number, bodies: Uint8Array[]): EntryHead[] {
  const tail: EntryHead[] = [];
  let room = TAIL_BYTES;
  for (let index = last; index >= 0 && tail.length < TAIL_ENTRIES; index -= 1) {
    const entry = state.entries[index];
    if (!entry) break;
    const head = headOf(stream, entry, bodies, room);
    if (!head) break;
    room -= HEAD_BYTES + ('inline' in head.body ? entry.place.body.sizeBytes : 0);
    tail.push(head);
  }
  return tail.reverse();
}

function headOf(
  stream: RunStream,
  entry: RunState['entries'][number],
  bodies: Uint8Array[],
  room: number,
): EntryHead | undefined {
  const { index, messageId, place } = entry;
  const { body, version, event } = place;
  if (room < HEAD_BYTES) return undefined;
  if ('blob' in body)
    return { index, messageId, callType: 'step', body: { blob: { sha256: body.blob, sizeBytes: body.sizeBytes } } };
  const bytes = stream.recent.get(version, event, body.inline);
  if (!bytes || bytes.byteLength + HEAD_BYTES > room) return undefined;
  return { index, messageId, callType: 'step', body: { inline: bodies.push(bytes) - 1 } };
}

function callbackSegments(state: RunState, delivery: Delivery): BodySegment<BodyPlace>[] {
  const call = state.calls.get(delivery.callMessageId ?? '');
  const answer = call?.answer;
  if (!call || !answer)
    throw new IncompleteState(`run ${state.runId}: callback ${delivery.messageId} without an answer`);
  const { status, error } = answer.result;
  return callbackBody<BodyPlace>({
    // Where no answer came: the status that its error code stands for.
    status: status ?? ERROR_CODES[error?.code ?? 'CONNECTION_FAILED'].status,
    headers: headerLists(answer.result.headers),
    body: answer.body,
    retried: answer.data.retried,
    maxRetries: answer.data.maxRetries,
    sourceMessageId: answer.data.callMessageId,
    url: call.data.destination,
    method: call.data.method,
    sourceHeaders: headerLists(call.data.forwards),
    notBeforeMs: 0,
    createdAtMs: call.at,
    workflow: { runId: state.runId, createdAtMs: state.createdAt },
    ...(state.start.callerIp === '' ? {} : { callerIp: state.start.callerIp }),
  });
}

function failureSegments(state: RunState, delivery: Delivery): BodySegment<BodyPlace>[] {
  const { failure } = state;
  if (!failure)
    throw new IncompleteState(`run ${state.runId}: failure callback ${delivery.messageId} without a failure`);
  const { data } = failure;
  const payload = state.entries[0]?.place;
  return failureCallbackBody<BodyPlace>({
    status: data.result.status ?? 0,
    headers: headerLists(data.result.headers),
    body: failureBodyPlace(state),
    retried: data.retried,
    maxRetries: data.maxRetries,
    dlqId: data.dlqId,
    sourceMessageId: data.messageId,
    url: state.start.destination,
    method: state.start.method,
    sourceHeaders: headerLists(state.start.config.forwards),
    sourceBody: payload && payload.body.sizeBytes > 0 ? payload : undefined,
    notBeforeMs: 0,
    createdAtMs: failure.at,
    workflow: { runId: state.runId, createdAtMs: state.createdAt },
    ...(state.start.callerIp === '' ? {} : { callerIp: state.start.callerIp }),
  });
}
