import type { BodyPlace, LogBodies, RunState, Tenure } from '@stepwell/core';
import type { BodyReader } from '../bodies/body.reader';
import type { RunStream } from '../partition/stream';
import { ShownBodies, showingOf } from './log.bodies';

/**
 * A view of a run that shows a few of its bodies: looked at first to learn which, and again with those read, until it lacks none (the run
 * may go on meanwhile). So a message of a run of ten thousand steps is shown without reading its log.
 */
export async function readShown<View>(
  reader: Pick<BodyReader, 'bytes'>,
  tenure: Tenure,
  stream: RunStream,
  view: (state: RunState, bodies: LogBodies) => View | undefined,
): Promise<View | undefined> {
  const { state } = stream;
  if (!state) return undefined;
  const showing = showingOf(state.start.config.redact, false);
  const read = new Map<string, Uint8Array>();
  for (;;) {
    const lacking = new Map<string, BodyPlace>();
    const bytesAt = (place: BodyPlace): Uint8Array | undefined => {
      const bytes = read.get(nameOf(place));
      if (!bytes) lacking.set(nameOf(place), place);
      return bytes;
    };
    const shown = view(state, new ShownBodies(bytesAt, showing));
    if (shown === undefined || lacking.size === 0) return shown;
    for (const [name, place] of lacking) read.set(name, await reader.bytes(tenure, stream, place));
  }
}

const nameOf = ({ version, event, body }: BodyPlace): string =>
  'blob' in body ? body.blob : `${version}/${event}/${body.inline}`;
