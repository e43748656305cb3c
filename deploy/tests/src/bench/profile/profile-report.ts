import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Measurement } from '../measurements/measurement';
import { figure, table } from '../report/table';
import { type CpuProfile, selfTimesIn, type SelfTime } from './self-time';

const PACKAGES_SHOWN = 12;
const FUNCTIONS_SHOWN = 20;

/** Where each process whose profile is in the folder spent the time of the window, for each unit; as markdown. */
export function profileReport(folder: string, unit: string, measurement: Measurement): string[] {
  const { openedAtUs, ms, units } = measurement;
  const files = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  return files.flatMap((file) => {
    const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
    const { packages, functions } = selfTimesIn(profile, openedAtUs, openedAtUs + ms * 1000);
    const total = packages.reduce((sum, { us }) => sum + us, 0);
    return [
      `### ${file.replace('.cpuprofile', '')}: ${figure(total / units)} µs/${unit}`,
      '',
      ...selfTimeTable('package', unit, packages.slice(0, PACKAGES_SHOWN), total, units),
      '',
      ...selfTimeTable('function', unit, functions.slice(0, FUNCTIONS_SHOWN), total, units),
      '',
    ];
  });
}

function selfTimeTable(title: string, unit: string, times: readonly SelfTime[], total: number, units: number) {
  const columns = [{ title, left: true }, { title: `µs/${unit}` }, { title: '%' }] as const;
  return table(
    columns,
    times.map(({ place, us }) => [place, figure(us / units), figure((us * 100) / total)]),
  );
}
