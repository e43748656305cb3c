import { createHash } from 'node:crypto';
import type { BodyPlace, HeaderList, LogBodies } from '@stepwell/core';
import { headerLists, stepKind } from '@stepwell/core';

/** What may be shown of a run's bodies: `trim` leaves them out, `redact` (protocol.md 2.3) replaces what the user named. */
export interface Showing {
  readonly trim: boolean;
  readonly redactBody: boolean;
  readonly redactAllHeaders: boolean;
  /** Lower case. */
  readonly redactHeaders: ReadonlySet<string>;
}

/** `body,header,header[Name]`; spaces and the plural `headers` occur. */
export function showingOf(redact: string | undefined, trim: boolean): Showing {
  const fields = (redact ?? '').split(',').map((field) => field.trim().toLowerCase());
  const named = fields.flatMap((field) => /^headers?\[(.+)\]$/.exec(field)?.[1] ?? []);
  return {
    trim,
    redactBody: fields.includes('body'),
    redactAllHeaders: fields.includes('header') || fields.includes('headers'),
    redactHeaders: new Set(named),
  };
}

export class ShownBodies implements LogBodies {
  constructor(
    private readonly read: (place: BodyPlace) => Uint8Array | undefined,
    private readonly showing: Showing,
  ) {}

  bytes(place: BodyPlace): Uint8Array | undefined {
    return this.read(place);
  }

  text(place: BodyPlace): string {
    const bytes = this.read(place) ?? new Uint8Array();
    return this.showing.redactBody ? redacted(bytes) : Buffer.from(bytes).toString('utf8');
  }

  field(name: string, place: BodyPlace | undefined): object {
    return place && !this.showing.trim ? { [name]: this.text(place) } : {};
  }

  value(name: string, value: unknown): object {
    if (value === undefined || this.showing.trim) return {};
    if (!this.showing.redactBody) return { [name]: value };
    return { [name]: redacted(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))) };
  }

  headers(headers: HeaderList): Record<string, string[]> {
    return headerLists(
      headers.map(([name, value]) => [name, this.isRedacted(name) ? redacted(Buffer.from(value)) : value]),
    );
  }

  shown(stepType: string, json: Readonly<Record<string, unknown>>): object {
    return stepKind(stepType).show(json);
  }

  private isRedacted(name: string): boolean {
    return this.showing.redactAllHeaders || this.showing.redactHeaders.has(name.toLowerCase());
  }
}

const redacted = (bytes: Uint8Array): string => `REDACTED:${createHash('sha256').update(bytes).digest('hex')}`;
