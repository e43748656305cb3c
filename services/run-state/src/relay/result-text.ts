import type { RunState, Tenure } from '@stepwell/core';
import type { BodyReader } from '../bodies/body.reader';
import { BodyMissing } from '../bodies/body.reader';
import type { RunStream } from '../partition/stream';

const LONGEST_BYTES = 64 * 1024;

/** A run's result as text, where it is short and is text. */
export class ResultText {
  constructor(private readonly bodies: BodyReader) {}

  async of(tenure: Tenure, stream: RunStream, state: RunState): Promise<string | undefined> {
    const { result } = state;
    if (!result || result.body.sizeBytes > LONGEST_BYTES) return undefined;
    try {
      const bytes = await this.bodies.bytes(tenure, stream, result);
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (error) {
      // Not text; or not there, and the end is to be told all the same.
      if (error instanceof TypeError || error instanceof BodyMissing) return undefined;
      throw error;
    }
  }
}
