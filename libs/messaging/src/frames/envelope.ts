import type { Message } from '@stepwell/core';
import { MESSAGE_SCHEMA_VERSION } from '@stepwell/core';
import { FrameError } from './frame.error';
import { decodeMessage, encodeMessage } from './message.frame';
import { NewerMessage } from './newer-message';

/*
 * What the bus itself adds to a head. The subject of an ask says only whom it goes to; its name and id are here (B3). A work item
 * says its effect id here, because the subject's last token may be encoded. Either says which message schema its reader has to know,
 * unless that is the first.
 */

export interface AskEnvelope {
  readonly ask: string;
  readonly askId: string;
  readonly schema?: number | undefined;
  readonly message: Message<unknown>;
}

export interface WorkEnvelope {
  readonly effectId: string;
  readonly schema?: number | undefined;
  readonly message: Message<unknown>;
}

export const encodeAsk = ({ ask, askId, schema, message: { head, bodies } }: AskEnvelope): Uint8Array =>
  encodeMessage({ head: { ask, id: askId, schema, head }, bodies });

export const encodeWork = ({ effectId, schema, message: { head, bodies } }: WorkEnvelope): Uint8Array =>
  encodeMessage({ head: { id: effectId, schema, head }, bodies });

/** @throws FrameError, NewerMessage */
export function decodeAsk(bytes: Uint8Array): AskEnvelope {
  const { head, bodies } = decodeMessage(bytes);
  if (!isObject(head) || typeof head.ask !== 'string' || typeof head.id !== 'string') throw new FrameError('no ask');
  refuseNewer(head.ask, head.schema);
  return { ask: head.ask, askId: head.id, message: { head: head.head, bodies } };
}

/** @throws FrameError, NewerMessage */
export function decodeWork(bytes: Uint8Array): WorkEnvelope {
  const { head, bodies } = decodeMessage(bytes);
  if (!isObject(head) || typeof head.id !== 'string') throw new FrameError('no work item');
  refuseNewer(head.id, head.schema);
  return { effectId: head.id, message: { head: head.head, bodies } };
}

function refuseNewer(what: string, schema: unknown): void {
  if (typeof schema === 'number' && schema > MESSAGE_SCHEMA_VERSION) throw new NewerMessage(what, schema);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
