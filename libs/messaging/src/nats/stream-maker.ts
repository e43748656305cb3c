import type { StreamConfig, StreamInfo } from 'nats';
import type { BusLog } from '../driver/bus-driver';
import type { JetStreamApi } from './jetstream.api';
import { ERR_NO_ROOM, ERR_STREAM_NAME_TAKEN, ERR_SUBJECTS_OVERLAP, JetStreamError } from './jetstream.api';
import type { StreamPlan } from './stream-plan';

/*
 * Makes a stream and its consumer as planned. Idempotent, and safe when five processes do it at once: whoever finds it made goes
 * on, and whoever finds it different changes it to the same.
 *
 * 1. A stream of an older epoch is removed: its items belong to a history that a restore has ended (E2).
 * 2. A stream of a newer epoch stops us: it is our history that has ended.
 * 3. JetStream reserves `max_bytes` when a stream is made. A disk smaller than the plan gets a smaller stream, not none.
 */

const SMALLEST_BYTES = 16 * 1024 * 1024;

export class EpochIsOver extends Error {
  constructor(epoch: number, newer: string) {
    super(`this process works in epoch ${String(epoch)}, but ${newer} exists: the store was restored meanwhile`);
    this.name = 'EpochIsOver';
  }
}

export async function makeStream(api: JetStreamApi, plan: StreamPlan, log: BusLog): Promise<StreamInfo> {
  const found = await api.streamInfo(plan.config.name);
  const info = found === undefined ? await create(api, plan, log) : await upgrade(api, plan, found);
  if (plan.consumer !== undefined) await api.putConsumer(plan.config.name, plan.consumer);
  return info;
}

async function create(api: JetStreamApi, plan: StreamPlan, log: BusLog): Promise<StreamInfo> {
  const { name, max_bytes: wantedBytes } = plan.config;
  for (let maxBytes = wantedBytes; ; maxBytes = Math.floor(maxBytes / 4)) {
    try {
      const info = await api.createStream({ ...plan.config, max_bytes: maxBytes });
      if (maxBytes < wantedBytes)
        log.warn({ stream: name, maxBytes, wantedBytes }, 'the disk has room for a smaller stream only');
      return info;
    } catch (error) {
      if (!(error instanceof JetStreamError)) throw error;
      if (error.errCode === ERR_SUBJECTS_OVERLAP) {
        if (!(await removeOlderEpochs(api, plan, log))) throw error;
        return create(api, plan, log);
      }
      if (error.errCode === ERR_STREAM_NAME_TAKEN) {
        const found = await api.streamInfo(name);
        if (found !== undefined) return upgrade(api, plan, found);
      }
      if (!ERR_NO_ROOM.includes(error.errCode) || maxBytes / 4 < SMALLEST_BYTES) throw error;
    }
  }
}

async function upgrade(api: JetStreamApi, plan: StreamPlan, found: StreamInfo): Promise<StreamInfo> {
  const differs = Object.entries(plan.config).some(
    ([key, wanted]) => JSON.stringify(found.config[key as keyof StreamConfig]) !== JSON.stringify(wanted),
  );
  if (!differs) return found;
  try {
    return await api.updateStream({ ...found.config, ...plan.config });
  } catch (error) {
    if (!(error instanceof JetStreamError && ERR_NO_ROOM.includes(error.errCode))) throw error;
    return api.updateStream({ ...found.config, ...plan.config, max_bytes: found.config.max_bytes });
  }
}

async function removeOlderEpochs(api: JetStreamApi, plan: StreamPlan, log: BusLog): Promise<boolean> {
  const [subject = ''] = plan.config.subjects;
  let removed = false;
  for (const name of await api.streamsOf(subject)) {
    const epoch = plan.anyEpoch.exec(name)?.[1];
    if (epoch === undefined) continue;
    if (Number(epoch) > plan.epoch) throw new EpochIsOver(plan.epoch, name);
    log.warn({ stream: name, epoch: plan.epoch }, 'removing the work stream of an older epoch');
    await api.deleteStream(name);
    removed = true;
  }
  return removed;
}
