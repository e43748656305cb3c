import type { BodyPlace, LogBodies, RunState, Tenure } from '@stepwell/core';
import type { BodyReader } from '../bodies/body.reader';
import type { RunStream } from '../partition/stream';
import { ShownBodies, showingOf } from './log.bodies';

/**
 * A view of a run that shows a few of its bodies: looked at twice, first to learn which, then with those read. So a message of a run of
 * ten thousand steps is shown without reading its log.
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
  const wanted = new Map<string, BodyPlace>();
  const note = (place: BodyPlace): undefined => {
    wanted.set(nameOf(place), place);
  };
  if (view(state, new ShownBodies(note, showing)) === undefined) return undefined;
  const read = new Map<string, Uint8Array>();
  for (const [name, place] of wanted) read.set(name, await reader.bytes(tenure, stream, place));
  return view(state, new ShownBodies((place) => read.get(nameOf(place)), showing));
}

const nameOf = ({ version, event, body }: BodyPlace): string =>
  'blob' in body ? body.blob : `${version}/${event}/${body.inline}`;
