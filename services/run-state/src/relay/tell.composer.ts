import type { Kind, StreamKey } from '../aggregates';
import type { BodyReader } from '../bodies/body.reader';
import { BodyMissing } from '../bodies/body.reader';
import type { PartitionHost } from '../partition/partition.host';
import type { Stream } from '../partition/stream';
import { UnreadableStream } from '../partition/stream';
import type { Said } from './tells';

/** What waits to be told, by names alone: a hundred thousand of them are nothing, and what they say is looked up when it is sent. */
export interface Tell {
  readonly key: StreamKey<Kind>;
  readonly effectId: string;
  /** The run that has taken over from the one to be told. */
  readonly movedTo?: string;
}

/** As much of what waits as one ask carries. */
export interface Portion<Head> {
  readonly tells: readonly Tell[];
  /** Same order. */
  readonly heads: readonly Head[];
  readonly bodies: readonly Uint8Array[];
  /** Owed no longer, or unsayable for good: not to be asked. */
  readonly dropped: readonly Tell[];
}

/** Different bodies in one ask; a single larger one goes alone. */
const MOST_BODY_BYTES = 1024 * 1024;
/** Sum of the bodies over the tells: what whoever is told has to write. */
const MOST_TOLD_BYTES = 16 * 1024 * 1024;

interface Problems {
  error(context: object, text: string): void;
}

/** Puts what is owed now into words; a body that several tells of one notice have is read once. */
export class TellComposer {
  constructor(
    private readonly bodies: Pick<BodyReader, 'bytes'>,
    private readonly logger: Problems,
  ) {}

  /** @throws Silence when the tenure ends; whatever the store throws */
  async compose<Head>(
    host: PartitionHost,
    waiting: Iterable<Tell>,
    most: number,
    say: (stream: Stream<Kind>, effectId: string, movedTo?: string) => Said<Head> | undefined,
  ): Promise<Portion<Head>> {
    const portion = { tells: [] as Tell[], heads: [] as Head[], bodies: [] as Uint8Array[], dropped: [] as Tell[] };
    const indexes = new Map<string, number>();
    let bodyBytes = 0;
    let toldBytes = 0;
    for (const tell of waiting) {
      if (portion.tells.length === most) break;
      try {
        const stream = await host.stream(tell.key);
        const said = say(stream, tell.effectId, tell.movedTo);
        if (!said) {
          portion.dropped.push(tell);
          continue;
        }
        let index: number | undefined;
        if (said.body) {
          const { version, event, body } = said.body;
          const place = `${stream.name}/${version}/${event}/${'blob' in body ? body.blob : body.inline}`;
          const known = indexes.get(place);
          bodyBytes += known === undefined ? body.sizeBytes : 0;
          toldBytes += body.sizeBytes;
          const isTooMuch = (known === undefined && bodyBytes > MOST_BODY_BYTES) || toldBytes > MOST_TOLD_BYTES;
          if (isTooMuch && portion.tells.length > 0) break;
          index = known ?? portion.bodies.push(await this.bodies.bytes(host.tenure, stream, said.body)) - 1;
          indexes.set(place, index);
        }
        portion.tells.push(tell);
        portion.heads.push(said.tell(index));
      } catch (error) {
        if (!(error instanceof UnreadableStream || error instanceof BodyMissing)) throw error;
        // It stays unsettled: a hole in the checkpoint, looked at again at the next take-over.
        this.logger.error({ err: error, effectId: tell.effectId }, 'a stream can not be told');
        portion.dropped.push(tell);
      }
    }
    return portion;
  }
}
