import type { StreamConfig, StreamInfo } from 'nats';
import type { BusLog } from '../driver/bus-driver';
import type { JetStreamApi } from './jetstream.api';
import { ERR_NO_ROOM, ERR_STREAM_NAME_TAKEN, ERR_SUBJECTS_OVERLAP, JetStreamError } from './jetstream.api';
import type { StreamPlan } from './stream-plan';

/*
 * Makes the streams and their consumers as planned. Idempotent, and safe when five processes do it at once: whoever finds one made
 * goes on, and whoever finds it different changes it to the same.
 *
 * 1. A stream of an older epoch is removed: its items belong to a history that a restore has ended (E2).
 * 2. A stream of a newer epoch stops us: it is our history that has ended.
 * 3. JetStream reserves `max_bytes` when a stream is made. On a disk smaller than the plan all streams are made smaller, by the same
 *    factor, so that the first doesn't take the others' room. A stream found smaller than planned stays as small.
 */

const SMALLEST_SHARE = 1 / 4_096;

export class EpochIsOver extends Error {
  constructor(epoch: number, newer: string) {
    super(`this process works in epoch ${String(epoch)}, but ${newer} exists: the store was restored meanwhile`);
    this.name = 'EpochIsOver';
  }
}

/** @throws JetStreamError, EpochIsOver, RequestFailed */
export async function makeStreams(api: JetStreamApi, plans: readonly StreamPlan[], log: BusLog): Promise<StreamInfo[]> {
  for (let share = 1; ; share /= 4) {
    try {
      const infos: StreamInfo[] = [];
      for (const plan of plans) infos.push(await makeStream(api, plan, share, log));
      return infos;
    } catch (error) {
      if (!isOutOfRoom(error) || share / 4 < SMALLEST_SHARE) throw error;
      log.warn({ share: share / 4 }, 'NATS has no room for streams as large as planned: making them smaller');
    }
  }
}

async function makeStream(api: JetStreamApi, plan: StreamPlan, share: number, log: BusLog): Promise<StreamInfo> {
  const wanted = { ...plan.config, max_bytes: Math.floor(plan.config.max_bytes * share) };
  const found = await api.streamInfo(wanted.name);
  const info = found === undefined ? await create(api, plan, wanted, log) : await upgrade(api, wanted, found);
  if (plan.consumer !== undefined) await api.putConsumer(wanted.name, plan.consumer);
  return info;
}

async function create(
  api: JetStreamApi,
  plan: StreamPlan,
  wanted: StreamPlan['config'],
  log: BusLog,
): Promise<StreamInfo> {
  try {
    return await api.createStream(wanted);
  } catch (error) {
    if (!(error instanceof JetStreamError)) throw error;
    if (error.errCode === ERR_SUBJECTS_OVERLAP && (await removeOlderEpochs(api, plan, log))) {
      return create(api, plan, wanted, log);
    }
    // Another process was faster, with another idea of it.
    const found = error.errCode === ERR_STREAM_NAME_TAKEN ? await api.streamInfo(wanted.name) : undefined;
    if (found === undefined) throw error;
    return upgrade(api, wanted, found);
  }
}

async function upgrade(api: JetStreamApi, wanted: StreamPlan['config'], found: StreamInfo): Promise<StreamInfo> {
  const config = { ...wanted, max_bytes: Math.min(wanted.max_bytes, found.config.max_bytes) };
  const differs = Object.entries(config).some(
    ([key, value]) => JSON.stringify(found.config[key as keyof StreamConfig]) !== JSON.stringify(value),
  );
  return differs ? api.updateStream({ ...found.config, ...config }) : found;
}

const isOutOfRoom = (error: unknown): boolean => error instanceof JetStreamError && ERR_NO_ROOM.includes(error.errCode);

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
