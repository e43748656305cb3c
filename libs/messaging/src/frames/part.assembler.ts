import type { Deadline } from '../driver/deadline-map';
import { DeadlineMap } from '../driver/deadline-map';
import { FrameError } from './frame.error';
import { decodePart } from './part.frame';

/*
 * Puts parts together again.
 *
 * 1. Bytes in assembly are bounded; what would exceed the bound is dropped, and its sender asks again.
 * 2. What isn't complete in time is dropped: its sender died or lost its connection.
 * 3. Order and repetition of parts don't matter.
 */

export interface AssemblyLimits {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

const DEFAULT_LIMITS: AssemblyLimits = { maxBytes: 256 * 1024 * 1024, maxAgeMs: 20_000 };

interface Assembly extends Deadline {
  readonly whole: Buffer;
  readonly offsets: Set<number>;
  missingBytes: number;
}

export class PartAssembler {
  private readonly assemblies = new DeadlineMap<string, Assembly>();
  private bytes = 0;

  constructor(private readonly limits: AssemblyLimits = DEFAULT_LIMITS) {}

  get bytesInAssembly(): number {
    return this.bytes;
  }

  /** The whole, when this was its last part. @throws FrameError for garbage and for what exceeds the bound. */
  accept(frame: Uint8Array): Uint8Array | undefined {
    const { transfer, offset, totalBytes, bytes } = decodePart(frame);
    const assembly = this.assemblies.get(transfer) ?? this.begin(transfer, totalBytes);
    if (assembly.whole.byteLength !== totalBytes) throw new FrameError('parts of one transfer disagree about its size');
    if (assembly.offsets.has(offset)) return undefined;
    assembly.offsets.add(offset);
    assembly.whole.set(bytes, offset);
    assembly.missingBytes -= bytes.byteLength;
    if (assembly.missingBytes > 0) return undefined;
    this.assemblies.delete(transfer);
    this.bytes -= totalBytes;
    return assembly.whole;
  }

  close(): void {
    this.assemblies.clear();
    this.bytes = 0;
  }

  private begin(transfer: string, totalBytes: number): Assembly {
    if (this.bytes + totalBytes > this.limits.maxBytes) {
      throw new FrameError(
        `a part of ${String(totalBytes)} bytes, while ${String(this.bytes)} are in assembly already`,
      );
    }
    this.bytes += totalBytes;
    const assembly: Assembly = {
      whole: Buffer.allocUnsafe(totalBytes),
      offsets: new Set(),
      missingBytes: totalBytes,
      dueAtMs: performance.now() + this.limits.maxAgeMs,
      expire: () => {
        this.bytes -= totalBytes;
      },
    };
    this.assemblies.set(transfer, assembly);
    return assembly;
  }
}
