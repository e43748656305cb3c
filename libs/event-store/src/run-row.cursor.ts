import type { RunRow } from '@stepwell/core';

/** Where a page of runs ended: (createdAt, runId) of its last row, opaque to everybody else. */
export interface RunRowCursor {
  readonly createdAt: number;
  readonly runId: string;
}

/** A cursor that no list of ours returned. */
export class InvalidCursor extends Error {
  readonly code = 'INVALID_CURSOR';
  constructor() {
    super('the cursor is not one that a list returned');
    this.name = 'InvalidCursor';
  }
}

export function encodeCursor(row: RunRow): string {
  return Buffer.from(JSON.stringify([row.createdAt, row.runId])).toString('base64url');
}

/** An empty cursor is the beginning. @throws InvalidCursor */
export function decodeCursor(cursor: string | undefined): RunRowCursor | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  const parts = parsed(cursor);
  if (!Array.isArray(parts) || parts.length !== 2) throw new InvalidCursor();
  const [createdAt, runId] = parts as unknown[];
  if (typeof createdAt !== 'number' || typeof runId !== 'string') throw new InvalidCursor();
  return { createdAt, runId };
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw new InvalidCursor();
  }
}
