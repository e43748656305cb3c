import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ServerPasswords {
  readonly stepwell: string;
  readonly reader: string;
}

/** Random passwords of the embedded nats-server, made once per data folder and readable by its owner alone. */
export function serverPasswords(dataDir: string): ServerPasswords {
  const file = join(dataDir, 'nats-passwords.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ServerPasswords;
  } catch {
    const made = { stepwell: randomBytes(18).toString('base64url'), reader: randomBytes(18).toString('base64url') };
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(file, JSON.stringify(made), { mode: 0o600 });
    return made;
  }
}
