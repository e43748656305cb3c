import type { Message } from '@stepwell/core';
import { FrameError } from './frame.error';
import { decodeMessage, encodeMessage } from './message.frame';

/*
 * What the bus itself adds to a head. The subject of an ask says only whom it goes to; its name and id are here (B3). A work item
 * says its effect id here, because the subject's last token may be encoded.
 */

export interface AskEnvelope {
  readonly ask: string;
  readonly askId: string;
  readonly message: Message<unknown>;
}

export interface WorkEnvelope {
  readonly effectId: string;
  readonly message: Message<unknown>;
}

export const encodeAsk = ({ ask, askId, message: { head, bodies } }: AskEnvelope): Uint8Array =>
  encodeMessage({ head: { ask, id: askId, head }, bodies });

export const encodeWork = ({ effectId, message: { head, bodies } }: WorkEnvelope): Uint8Array =>
  encodeMessage({ head: { id: effectId, head }, bodies });

/** @throws FrameError */
export function decodeAsk(bytes: Uint8Array): AskEnvelope {
  const { head, bodies } = decodeMessage(bytes);
  if (!isObject(head) || typeof head.ask !== 'string' || typeof head.id !== 'string') throw new FrameError('no ask');
  return { ask: head.ask, askId: head.id, message: { head: head.head, bodies } };
}

/** @throws FrameError */
export function decodeWork(bytes: Uint8Array): WorkEnvelope {
  const { head, bodies } = decodeMessage(bytes);
  if (!isObject(head) || typeof head.id !== 'string') throw new FrameError('no work item');
  return { effectId: head.id, message: { head: head.head, bodies } };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
