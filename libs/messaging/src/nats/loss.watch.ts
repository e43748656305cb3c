import type { StreamInfo } from 'nats';

/*
 * Notices that JetStream has lost something (architecture.md E3), by three signs: another server, a stream made anew, or a stream
 * whose last sequence is below the highest it ever acknowledged to us (a power cut leaves `created` as it was).
 *
 * A false alarm costs some re-sending, which the one-message-per-effect rule absorbs; a missed loss costs a run.
 */

interface Known {
  created: string;
  highestSeq: number;
}

export class LossWatch {
  private readonly streams = new Map<string, Known>();
  private serverId: string | undefined;

  /** A PubAck: the stream has been this far. False when it had been further already: then it ought to be looked at. */
  acknowledged(stream: string, seq: number): boolean {
    const known = this.streams.get(stream);
    if (known !== undefined && seq <= known.highestSeq) return false;
    if (known === undefined) this.streams.set(stream, { created: '', highestSeq: seq });
    else known.highestSeq = seq;
    return true;
  }

  /** To be taken before the streams are asked: what is acknowledged while the answer travels must not look like a loss. */
  marks(): ReadonlyMap<string, number> {
    return new Map([...this.streams].map(([name, { highestSeq }]) => [name, highestSeq]));
  }

  /** True when something may have been lost since the last time. */
  compare(serverId: string, infos: readonly StreamInfo[], marks: ReadonlyMap<string, number>): boolean {
    let lost = this.serverId !== undefined && this.serverId !== serverId;
    this.serverId = serverId;
    for (const { config, created, state } of infos) {
      const known = this.streams.get(config.name);
      const madeAnew = known !== undefined && known.created !== '' && known.created !== created;
      const wentBack = state.last_seq < (marks.get(config.name) ?? 0);
      if (known === undefined || madeAnew || wentBack) {
        this.streams.set(config.name, { created, highestSeq: state.last_seq });
      } else known.created = created;
      lost ||= madeAnew || wentBack;
    }
    return lost;
  }
}
