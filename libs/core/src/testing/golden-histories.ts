import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * Golden histories (L6): what a store of a released version holds must fold to the same for ever.
 *
 * 1. A history is never edited, and neither is what it folded to: `checksums.json` remembers the content of each file.
 * 2. To add one, add a recording under a new name and run its spec with UPDATE_GOLDEN=1. What exists is never written again, so that a
 *    change of the fold can't be blessed by accident; an old shape is upcast instead.
 */

const CHECKSUMS = 'checksums.json';

export interface StoredEvent {
  readonly type: string;
  readonly data: unknown;
  /** Lengths of the bodies: their bytes mean nothing to the fold. */
  readonly bodyBytes: readonly number[];
}

export interface StoredEntry {
  readonly version: number;
  readonly at: number;
  readonly events: readonly StoredEvent[];
}

/** `Name` is what its file calls the aggregate's id. */
export type GoldenHistory<Name extends string> = Readonly<Record<Name, string>> & {
  readonly entries: readonly StoredEntry[];
  /** What the state says after each entry. */
  readonly folded: readonly object[];
};

export interface GoldenSet<Name extends string> {
  readonly folder: string;
  readonly name: Name;
  readonly recordings: Readonly<Record<string, () => Recording>>;
  readonly eventTypes: readonly string[];
  /** After each entry what users, workers and timers notice of the state; its shape may change, this may not. */
  readonly fold: (id: string, entries: readonly StoredEntry[]) => object[];
}

export interface Recording {
  readonly id: string;
  readonly history: readonly {
    readonly version: number;
    readonly at: number;
    readonly events: readonly {
      readonly type: string;
      readonly data: unknown;
      readonly bodies: readonly Uint8Array[];
    }[];
  }[];
}

/** Declares the tests of one aggregate's golden histories. */
export function goldenHistories<Name extends string>(set: GoldenSet<Name>): void {
  const folder = new GoldenFolder(set);
  if (process.env['UPDATE_GOLDEN'] === '1') folder.addMissing();
  const { checksums, files } = folder;

  describe('golden histories (L6)', () => {
    it('are all remembered, and all there', () => {
      expect([...files].sort()).toEqual(Object.keys(checksums).sort());
      for (const name of Object.keys(set.recordings)) expect(files).toContain(`${name}.json`);
    });

    it('between them hold every event there is', () => {
      const events = files.flatMap((file) => folder.history(file).entries.flatMap((entry) => entry.events));
      expect([...new Set(events.map(({ type }) => type))].sort()).toEqual([...set.eventTypes].sort());
    });

    describe.each(files)('%s', (file) => {
      it('was not edited', () => {
        expect(checksum(folder.read(file))).toBe(checksums[file]);
      });

      it('folds to what it always did, entry by entry', () => {
        const history = folder.history(file);
        expect(folder.folded(history[set.name], history.entries)).toEqual(history.folded);
      });
    });
  });
}

class GoldenFolder<Name extends string> {
  constructor(private readonly set: GoldenSet<Name>) {}

  get files(): readonly string[] {
    return readdirSync(this.set.folder).filter((file) => file.endsWith('.json') && file !== CHECKSUMS);
  }

  get checksums(): Readonly<Record<string, string>> {
    if (!existsSync(this.pathOf(CHECKSUMS))) return {};
    return JSON.parse(this.read(CHECKSUMS)) as Record<string, string>;
  }

  read(file: string): string {
    return readFileSync(this.pathOf(file), 'utf8');
  }

  history(file: string): GoldenHistory<Name> {
    return JSON.parse(this.read(file)) as GoldenHistory<Name>;
  }

  folded(id: string, entries: readonly StoredEntry[]): object[] {
    return asJson(this.set.fold(id, entries));
  }

  addMissing(): void {
    const known: Record<string, string> = { ...this.checksums };
    for (const [name, tell] of Object.entries(this.set.recordings)) {
      const file = `${name}.json`;
      if (file in known || existsSync(this.pathOf(file))) continue;
      const text = this.written(tell());
      writeFileSync(this.pathOf(file), text);
      known[file] = checksum(text);
    }
    writeFileSync(this.pathOf(CHECKSUMS), `${JSON.stringify(known, null, 2)}\n`);
  }

  private written({ id, history }: Recording): string {
    const entries = asJson(
      history.map(({ version, at, events }) => ({
        version,
        at,
        events: events.map(({ type, data, bodies }) => ({
          ...{ type, data, bodyBytes: bodies.map((body) => body.byteLength) },
        })),
      })),
    );
    const folded = this.folded(id, entries);
    return `${JSON.stringify({ [this.set.name]: id, entries, folded }, null, 1)}\n`;
  }

  private pathOf(file: string): string {
    return join(this.set.folder, file);
  }
}

/** Of the content: how the file is laid out doesn't matter. */
const checksum = (text: string): string =>
  createHash('sha256')
    .update(JSON.stringify(JSON.parse(text)))
    .digest('hex');

const asJson = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;
