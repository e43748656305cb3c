import type { SettingDescription } from '@stepwell/platform';
import { describeSettings } from '@stepwell/platform';
import { roleConfigs } from '@stepwell/standalone';
import { madeBy } from './committed-page';
import { code, plain, table } from './markdown';

const INTRODUCTION = `# Settings

Services are configured by environment variables alone. An empty variable counts as unset. A service that starts reports every problem
of its settings at once and exits with 78; a name that looks like a misspelt setting is a warning in the log. The values of secrets are
shown nowhere.

Durations are written \`500ms\`, \`10s\`, \`5m\`, \`2h\`, \`1d\`, combined (\`1h30m\`) or as plain seconds; sizes \`64kb\`, \`10mb\`, \`1gb\` (powers
of 1,024) or as plain bytes.`;

const ONE_PROCESS = `## One process

\`stepwell start --role all\` reads what the five services read. These differ, since it needs NATS for the public topics only:`;

/** What programs read that are no service, or that only compose reads. */
export const OTHER_VARIABLES = [
  {
    name: 'STEPWELL_CACHE_DIR',
    reader: '`npm start`, `npm test`, `stepwell dev`',
    default: '`~/.cache/stepwell`',
    meaning: 'Folder that fetched servers (nats-server, mongod) are kept in.',
  },
  {
    name: 'STEPWELL_NATS_READER_PASSWORD',
    reader: '`docker-compose.yml`',
    default: 'required',
    meaning: 'Password of the NATS user `reader`, who may read the public topics and nothing else.',
  },
  {
    name: 'STEPWELL_VERSION',
    reader: '`docker-compose.yml`',
    default: '`0.1.0`',
    meaning: 'Tag of the images.',
  },
  {
    name: 'EXAMPLE_OUTBOX',
    reader: 'the examples',
    default: '`outbox` in the data folder',
    meaning: 'Folder that the examples put their mails into.',
  },
  {
    name: 'FOLLOW_UP_AFTER',
    reader: 'the onboarding example',
    default: '`5s`',
    meaning: 'How long it sleeps before the follow-up mail; any duration, such as `3d`.',
  },
  {
    name: 'OPENAI_BASE_URL',
    reader: 'the onboarding example',
    default: 'its own stand-in',
    meaning: 'Where the chat-completions API is that writes the follow-up.',
  },
  {
    name: 'OPENAI_API_KEY',
    reader: 'the onboarding example',
    default: 'none',
    meaning: 'Key for that API.',
  },
] as const;

const services = Object.entries(roleConfigs).filter(([role]) => role !== 'all');

/** What every service reads comes first, then what is left of each service. */
export function settingsPage(): string {
  const settingsBy = new Map(services.map(([service, config]) => [service, describeSettings(config)]));
  const [first = [], ...others] = settingsBy.values();
  const everywhere = first.filter((setting) => others.every((each) => each.some((other) => isSame(other, setting))));
  const own = [...settingsBy].map(([service, settings]) => {
    const left = settings.filter((setting) => !everywhere.some(({ name }) => name === setting.name));
    return section(service, left, 'Reads nothing else.');
  });
  return `${[
    madeBy('settings-page.spec.ts'),
    INTRODUCTION,
    section('Every service', everywhere, ''),
    ...own,
    `${ONE_PROCESS}\n\n${settingsTable(differentInOneProcess([...settingsBy.values()].flat()))}`,
    `## Read elsewhere\n\n${otherTable()}`,
  ].join('\n\n')}\n`;
}

function differentInOneProcess(ofServices: readonly SettingDescription[]): SettingDescription[] {
  return describeSettings(roleConfigs.all).filter((setting) => !ofServices.some((other) => isSame(other, setting)));
}

function isSame(one: SettingDescription, other: SettingDescription): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function section(title: string, settings: readonly SettingDescription[], whenEmpty: string): string {
  return `## ${title}\n\n${settings.length === 0 ? whenEmpty : settingsTable(settings)}`;
}

function settingsTable(settings: readonly SettingDescription[]): string {
  return table(
    ['Setting', 'Form', 'Default', 'Meaning'],
    settings.map((setting) => [
      code(setting.name),
      plain(setting.form) + (setting.secret ? ', secret' : ''),
      defaultOf(setting),
      plain(setting.description),
    ]),
  );
}

function defaultOf({ required, default: written }: SettingDescription): string {
  if (required) return '**required**';
  return written === undefined || written === '' ? 'none' : code(written);
}

const otherTable = (): string =>
  table(
    ['Variable', 'Read by', 'Default', 'Meaning'],
    OTHER_VARIABLES.map(({ name, reader, default: written, meaning }) => [code(name), reader, written, meaning]),
  );
