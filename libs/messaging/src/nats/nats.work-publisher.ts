import type { Message, WorkDefinition } from '@stepwell/core';
import { workSubject } from '@stepwell/core';
import { WorkNotQueued } from '../driver/bus-driver';
import { encodeWork } from '../frames/envelope';
import { decodePubAck } from './jetstream.api';
import type { NatsLink } from './nats.link';
import type { Exchange } from './reply-mux';
import type { StreamKeeper } from './stream-keeper';
import { workStreamName } from './stream-plan';

const PUB_ACK_TIMEOUT_MS = 5_000;
/** Room for subject and headers within the server's `max_payload`. */
const OVERHEAD_BYTES = 4_096;

/**
 * The one rejection that means "it is queued already" (E2). A full stream and the absence of any stream carry the same codes
 * (503, 10077): only the description tells them apart.
 */
const ALREADY_QUEUED = 'maximum messages per subject exceeded';

/** Queues work: one message per effect, its id as the last token of the subject; no `Nats-Msg-Id` (E2). */
export class NatsWorkPublisher {
  constructor(
    private readonly link: NatsLink,
    private readonly keeper: StreamKeeper,
    private readonly epoch: number,
  ) {}

  publish<Item>(
    definition: WorkDefinition<Item>,
    effectId: string,
    message: Message<Item>,
  ): Promise<'queued' | 'already-queued'> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string) => (): void => {
        reject(new WorkNotQueued(definition.name, effectId, reason));
      };
      const frame = encodeWork({ effectId, schema: definition.schema, message });
      const limitBytes = (this.link.connection.info?.max_payload ?? Infinity) - OVERHEAD_BYTES;
      if (frame.byteLength > limitBytes) {
        fail(`it has ${String(frame.byteLength)} bytes, NATS takes ${String(limitBytes)}`)();
        return;
      }
      const stream = workStreamName(definition, this.epoch);
      const exchange: Exchange = {
        dueAtMs: performance.now() + PUB_ACK_TIMEOUT_MS,
        reply: (data) => {
          const outcome = this.judge(stream, data);
          if (outcome === 'queued' || outcome === 'already-queued') resolve(outcome);
          else fail(outcome.refused)();
          return true;
        },
        unheard: () => {
          this.keeper.lookAgain();
          fail('no stream took it')();
        },
        expire: fail('no acknowledgement came, the outcome is unknown'),
        disconnected: fail('the connection was lost, the outcome is unknown'),
      };
      this.link.mux.begin(workSubject(definition.owner, definition.name, effectId), [frame], exchange);
    });
  }

  private judge(expected: string, data: Uint8Array): 'queued' | 'already-queued' | { readonly refused: string } {
    const { stream, seq, error } = decodePubAck(data);
    if (error !== undefined) {
      return error.description === ALREADY_QUEUED ? 'already-queued' : { refused: error.description ?? 'unknown' };
    }
    if (stream !== expected || seq === undefined) return { refused: `${String(stream)} took it, not ${expected}` };
    this.keeper.acknowledged(stream, seq);
    return 'queued';
  }
}
