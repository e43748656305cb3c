import type { RunState, Tenure } from '@stepwell/core';
import type { BodyReader } from '../bodies/body.reader';
import type { RunStream } from '../partition/run-stream';

const LONGEST_BYTES = 64 * 1024;

/** A run's result as text, where it is short and is text. */
export class ResultText {
  constructor(private readonly bodies: BodyReader) {}

  async of(tenure: Tenure, stream: RunStream, state: RunState): Promise<string | undefined> {
    const { result } = state;
    if (!result || result.body.sizeBytes > LONGEST_BYTES) return undefined;
    const bytes = await this.bodies.bytes(tenure, stream, state.runId, result);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      return undefined;
    }
  }
}
