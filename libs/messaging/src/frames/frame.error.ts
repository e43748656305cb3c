/** These bytes are no frame of ours: dropped and logged by whoever received them, never fatal. */
export class FrameError extends Error {
  constructor(reason: string) {
    super(`not a frame: ${reason}`);
    this.name = 'FrameError';
  }
}
