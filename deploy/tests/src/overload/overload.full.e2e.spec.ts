import { setTimeout as delay } from 'node:timers/promises';
import { sleeping } from '../e2e/races/wire-requests';
import { useArena } from '../e2e/races/arena';
import { runRace } from '../e2e/races/race';
import { waitRaces } from '../e2e/races/wait-races';
import { seedOfThisRun } from '../e2e/random';
import { until } from '../e2e/until';
import { median } from '../statistics';
import { LoadedFleet, MIB } from './loaded-fleet';
import { Traffic } from './traffic';

/*
 * What the product does with more than it can. What must hold on any machine is asserted: nothing that was accepted is lost, nothing of a
 * live run is refused, the rest is told when to come again, and memory has a bound. How long things take is printed, as ratios to what the
 * same machine did a minute before.
 */

const SLEEPERS = Number(process.env['STEPWELL_TEST_SLEEPERS'] ?? 100_000);
/** Enough that throughput is measured, and not latency. */
const IN_FLIGHT = 250;
const LIMIT_MS = 1_800_000;
const MOST_MEMORY = 1_024 * MIB;

const say = (line: string): void => {
  process.stdout.write(`  ${line}\n`);
};

describe('more than it can do', () => {
  let fleet: LoadedFleet;
  const traffics: Traffic[] = [];
  beforeEach(async () => {
    fleet = await LoadedFleet.start();
  }, 120_000);
  afterEach(async () => {
    await fleet.stop();
    await Promise.all(traffics.splice(0).map(({ endpoint }) => endpoint.stop()));
  }, 60_000);

  const traffic = async (name: string, script?: ConstructorParameters<typeof Traffic>[3]): Promise<Traffic> => {
    const made = new Traffic(name, fleet.client(), fleet.live, script);
    await made.listen();
    traffics.push(made);
    return made;
  };
  const allEnd = (of: Traffic, limitMs = 300_000): Promise<void> =>
    until(`${of.open.length} runs have ended`, () => of.open.length === 0, limitMs);
  const expectBounded = async (): Promise<void> => {
    const memory = await fleet.memory();
    for (const { role, bytes, ratio } of memory)
      say(`${role}: ${Math.round(bytes / MIB)} MiB at most, ${ratio.toFixed(1)} times idle`);
    expect(memory.filter(({ bytes }) => bytes > MOST_MEMORY)).toEqual([]);
  };

  it(
    'twice the capacity for a minute: what is accepted ends, the rest is told to come again',
    async () => {
      const app = await traffic('app');
      await app.atATime(IN_FLIGHT, 3_000);
      const capacity = await app.atATime(IN_FLIGHT, 10_000);
      const from = performance.now();
      await app.perSecond(capacity / 2, 5_000);
      await allEnd(app);
      const normal = median(app.latencies(from));

      const before = app.accepted.size;
      const floodedAt = performance.now();
      await app.perSecond(capacity * 2, 60_000);
      const floodMs = performance.now() - floodedAt;
      const calmAt = performance.now();
      let recoveredMs = Infinity;
      for (let second = 1; second <= 30 && recoveredMs === Infinity; second += 1) {
        const at = performance.now();
        await app.perSecond(capacity / 4, 1_000);
        if (median(app.latencies(at)) <= 2 * normal) recoveredMs = performance.now() - calmAt;
      }
      const accepted = app.accepted.size - before;
      say(`offered twice of ${capacity.toFixed(0)} runs/s for ${(floodMs / 1_000).toFixed(0)} s`);
      say(
        `${accepted} accepted (${(accepted / (capacity * 60)).toFixed(2)} of capacity), ${app.shed} told to come again`,
      );
      say(`latency within twice normal ${(recoveredMs / 1_000).toFixed(1)} s after the flood`);
      await allEnd(app);
      await expectBounded();
      expect(app.wrong).toEqual([]);
      expect(app.endpoint.complaints).toEqual([]);
      // Else it was not more than it can do.
      expect(app.shed).toBeGreaterThan(0);
      expect(recoveredMs).toBeLessThan(Infinity);
    },
    LIMIT_MS,
  );

  /** Median latency of few runs of another host, while the machine does what it does. */
  const latencyOf = async (other: Traffic): Promise<number> => {
    const from = performance.now();
    await other.perSecond(20, 10_000);
    await allEnd(other);
    return median(other.latencies(from));
  };

  it(
    'a flood for one host, twice of what can be done, leaves the others alone',
    async () => {
      const app = await traffic('app');
      const other = await traffic('other');
      await app.atATime(IN_FLIGHT, 3_000);
      const capacity = await app.atATime(IN_FLIGHT, 10_000);
      await latencyOf(other);
      const normal = await latencyOf(other);
      const half = app.perSecond(capacity / 2, 10_000);
      const beside = await latencyOf(other);
      await half;
      await allEnd(app);
      const flood = app.perSecond(capacity * 2, 20_000);
      await delay(5_000);
      const flooded = await latencyOf(other);
      await flood;
      await allEnd(app);
      say(`latency beside a flood ${(flooded / beside).toFixed(2)} times that beside half of what can be done`);
      say(
        `${normal.toFixed(0)} ms alone, ${beside.toFixed(0)} ms beside half, ${flooded.toFixed(0)} ms beside twice of ${capacity.toFixed(0)} runs/s; ${app.shed} of the flood told to come again, ${other.shed} of the others`,
      );
      await expectBounded();
      expect([...app.wrong, ...other.wrong]).toEqual([]);
      expect(app.shed).toBeGreaterThan(0);
      expect(other.shed).toBe(0);
    },
    LIMIT_MS,
  );

  it(
    'a host that answers nothing, with thousands of runs, leaves the others alone',
    async () => {
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      const hanging: Traffic = await traffic('hanging', async ({ runId }) => {
        await released;
        await hanging.end(runId);
      });
      const other = await traffic('other');
      await latencyOf(other);
      const normal = await latencyOf(other);
      for (let begun = 0; begun < 5_000; begun += 500) await hanging.startMany(500);
      await delay(2_000);
      const ratio = (await latencyOf(other)) / normal;
      say(`latency beside 5000 runs of a host that hangs: ${ratio.toFixed(2)} times that without`);
      expect(other.shed).toBe(0);
      release();
      await allEnd(hanging);
      await expectBounded();
      expect([...hanging.wrong, ...other.wrong]).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    `${SLEEPERS} sleeping runs: memory has a bound, and a restart goes on at once`,
    async () => {
      const wokenAt: number[] = [];
      let naps = '1d';
      const sleepers: Traffic = await traffic('sleepers', async (delivery) => {
        if (!delivery.isFirst) {
          wokenAt.push(performance.now());
          await sleepers.end(delivery.runId);
          return;
        }
        const run = { id: delivery.runId, url: delivery.url };
        const { status, text } = await fleet.live.send(sleeping(run, 1, naps));
        if (status === 200) slept += 1;
        else sleepers.wrong.push(`${status} ${text}`);
      });
      let slept = 0;
      for (let begun = 0; begun < SLEEPERS; begun += 500) {
        await sleepers.startMany(Math.min(500, SLEEPERS - begun));
        await until('most of them sleep', () => sleepers.accepted.size - slept < 2_000, 120_000);
      }
      await until('all sleep', () => slept >= SLEEPERS, 300_000);
      await expectBounded();

      naps = '5s';
      const dozing = slept + 50;
      await sleepers.startMany(50);
      await until('they doze', () => slept >= dozing, 60_000);
      await fleet.killAll();
      await delay(6_000);
      const killedAwake = wokenAt.length;
      const restartedAt = performance.now();
      const ready = fleet.begin();
      const fresh = await traffic('fresh');
      const firstStart = (async () => {
        while ((await fresh.start().catch(() => 'not there')) !== 'accepted') await delay(20);
        await until('it is delivered', () => fresh.endedCount > 0);
        return performance.now();
      })();
      await Promise.all([ready, until('the first is woken', () => wokenAt.length > killedAwake, 120_000), firstStart]);
      const seconds = (at: number): string => ((at - restartedAt) / 1_000).toFixed(1);
      say(
        `from the restart to a new run's end ${seconds(await firstStart)} s, of a sleeper ${seconds(wokenAt[killedAwake] ?? NaN)} s`,
      );
      await until('all that dozed have ended', () => sleepers.endedCount === 50, 120_000);
      await expectBounded();
      expect(sleepers.wrong).toEqual([]);
      expect(sleepers.endpoint.complaints).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'fifty bodies of 9 MB at once: all arrive in the end, memory has a bound',
    async () => {
      const app = await traffic('large');
      await app.perSecond(20, 1_000);
      const payload = JSON.stringify('x'.repeat(9 * MIB));
      const one = async (): Promise<void> => {
        while ((await app.start({ payload })) === 'shed') await delay(1_000);
      };
      await Promise.all(Array.from({ length: 50 }, one));
      await allEnd(app);
      say(`${app.shed} were told to come again`);
      await expectBounded();
      expect(app.wrong).toEqual([]);
    },
    LIMIT_MS,
  );
});

describe('ten thousand races', () => {
  const arena = useArena('five');
  const seed = seedOfThisRun();

  it(
    `of notify against wait lose nothing, seed ${seed}`,
    async () => {
      const race = waitRaces.find(({ name }) => name === 'notify against wait');
      if (race === undefined) throw new Error('there is no such race');
      const tally = await runRace(arena, race, { times: 10_000 }, seed);
      say([...tally].map(([outcome, count]) => `${count} ${outcome}`).join(', '));
      expect([...tally.values()].reduce((sum, count) => sum + count, 0)).toBe(10_000);
    },
    LIMIT_MS,
  );
});
