import type { StreamInfo } from 'nats';
import { SILENT_LOG } from '../driver/bus-driver';
import type { JetStreamApi } from './jetstream.api';
import { JetStreamError } from './jetstream.api';
import { makeStreams } from './stream-maker';
import { publicPlan, workPlans } from './stream-plan';

/** A disk of a given size; everything else works. */
const diskOf = (totalBytes: number) => {
  const streams = new Map<string, StreamInfo>();
  const put = (config: { name?: string; max_bytes?: number }): Promise<StreamInfo> => {
    const others = [...streams.values()].filter((each) => each.config.name !== config.name);
    const reserved = others.reduce((sum, each) => sum + each.config.max_bytes, config.max_bytes ?? 0);
    if (reserved > totalBytes)
      return Promise.reject(new JetStreamError(10047, 'insufficient storage resources available'));
    const info = { config: { ...config }, created: 'now', state: { last_seq: 0 } } as StreamInfo;
    streams.set(info.config.name, info);
    return Promise.resolve(info);
  };
  const api: Pick<JetStreamApi, 'streamInfo' | 'createStream' | 'updateStream' | 'putConsumer'> = {
    streamInfo: (name) => Promise.resolve(streams.get(name)),
    createStream: put,
    updateStream: put,
    putConsumer: () => Promise.resolve(),
  };
  return { api: api as JetStreamApi, sizes: () => [...streams.values()].map((each) => each.config.max_bytes) };
};

const options = { url: '', name: '', epoch: 1 };
const plans = [...workPlans(options), publicPlan({})];
const GIB = 1024 ** 3;

describe('making the streams', () => {
  test('a large disk gets them as planned', async () => {
    const { api, sizes } = diskOf(100 * GIB);
    await makeStreams(api, plans, SILENT_LOG);
    expect(sizes()).toEqual([8 * GIB, 8 * GIB, 8 * GIB, 2 * GIB]);
  });

  test('a small disk gets all of them, smaller by the same factor, and they stay so', async () => {
    const { api, sizes } = diskOf(9 * GIB);
    await makeStreams(api, plans, SILENT_LOG);
    expect(sizes()).toEqual([2 * GIB, 2 * GIB, 2 * GIB, GIB / 2]);
    await makeStreams(api, plans, SILENT_LOG);
    expect(sizes()).toEqual([2 * GIB, 2 * GIB, 2 * GIB, GIB / 2]);
  });

  test('a disk without any room is an error', async () => {
    await expect(makeStreams(diskOf(1024).api, plans, SILENT_LOG)).rejects.toThrow('insufficient storage');
  });
});
