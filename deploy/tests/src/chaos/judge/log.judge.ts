import type { Connection } from 'mongoose';
import { inStore } from '../../e2e/stopped-store';

/** What is wrong with the log itself: every position of a partition is there, and no writer of an older term after one of a newer. */
export function judgeLog(mongoUri: string, databaseName: string): Promise<string[]> {
  return inStore(mongoUri, logProblems, databaseName);
}

const POSITIONS_PER_PARTITION = 2 ** 40;

async function logProblems(connection: Connection): Promise<string[]> {
  const entries = connection
    .collection<{ _id: number; p: number; term: number; stream: string; version: number }>('log')
    .find({}, { projection: { p: 1, term: 1, stream: 1, version: 1 }, sort: { _id: 1 } });
  const problems: string[] = [];
  const last = new Map<number, { n: number; term: number }>();
  const versions = new Map<string, number>();
  for await (const { _id, p, term, stream, version } of entries) {
    const n = _id - p * POSITIONS_PER_PARTITION;
    const before = last.get(p) ?? { n: 0, term: 0 };
    if (n !== before.n + 1) problems.push(`partition ${p} has ${n} after ${before.n}`);
    if (term < before.term) problems.push(`partition ${p} has term ${term} at ${n} after term ${before.term}`);
    last.set(p, { n, term });
    const versionBefore = versions.get(`${p}/${stream}`) ?? 0;
    if (version !== versionBefore + 1) problems.push(`${stream} has version ${version} after ${versionBefore}`);
    versions.set(`${p}/${stream}`, version);
  }
  return problems;
}
