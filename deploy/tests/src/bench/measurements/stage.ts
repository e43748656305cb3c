import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchCase } from '../cases/case';
import type { EngineKind } from '../engines/engine';
import type { Load, Measurement } from './measurement';

/** A case once, on one engine with fresh data. @throws Error when it can't be started, or did wrong work */
export async function measure(kind: EngineKind, benchCase: BenchCase, load: Load): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-bench-'));
  try {
    const engine = await kind.start(folder, load.profileTo);
    try {
      return await benchCase.measure({ kind, engine, load });
    } finally {
      await engine.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
