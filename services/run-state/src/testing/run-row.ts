import type { RunRow } from '@stepwell/core';

/** The row of a run that was just begun. */
export const runRow = (runId: string, more: Partial<RunRow> = {}): RunRow => ({
  runId,
  partition: 1,
  version: 1,
  status: 'running',
  url: 'http://app/api',
  host: 'app',
  path: '/api',
  workflow: 'api',
  labels: [],
  callerIp: '',
  createdAt: 1,
  ...more,
});
