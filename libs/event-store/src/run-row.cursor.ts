import type { RunFilter, RunRow } from '@stepwell/core';

/** What a list is in the order of, newest first: when the runs were created, or when the dead letters failed. */
export type RowOrder = 'created' | 'failed';

/** A row's place in that order: what a cursor says of the last row of a page. */
export interface RowPlace {
  /** Unix ms. */
  readonly atMs: number;
  readonly runId: string;
}

/** A cursor that no list of ours returned, or one of the other order. */
export class InvalidCursor extends Error {
  readonly code = 'INVALID_CURSOR';
  constructor() {
    super('the cursor is not one that a list returned');
    this.name = 'InvalidCursor';
  }
}

export function orderOf(filter: RunFilter): RowOrder {
  return filter.deadLetters === undefined ? 'created' : 'failed';
}

export function placeOf(row: RunRow, order: RowOrder): RowPlace {
  const { runId, createdAt, deadLetter } = row;
  return { runId, atMs: order === 'failed' && deadLetter !== undefined ? deadLetter.failedAt : createdAt };
}

/** Opaque to everybody else. Runs' cursors are without their order, as they were before there was another. */
export function encodeCursor(order: RowOrder, { atMs, runId }: RowPlace): string {
  const parts = order === 'created' ? [atMs, runId] : [atMs, runId, order];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** An empty cursor is the beginning. @throws InvalidCursor */
export function decodeCursor(order: RowOrder, cursor: string | undefined): RowPlace | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  const parts = parsed(cursor);
  if (!Array.isArray(parts) || parts.length !== (order === 'created' ? 2 : 3)) throw new InvalidCursor();
  const [atMs, runId, itsOrder = 'created'] = parts as unknown[];
  if (typeof atMs !== 'number' || typeof runId !== 'string' || itsOrder !== order) throw new InvalidCursor();
  return { atMs, runId };
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw new InvalidCursor();
  }
}
