import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const outboxFolder = (): string => process.env['EXAMPLE_OUTBOX'] ?? join(process.cwd(), 'outbox');

/** Instead of a mail server: one file a mail. Written under the mail's own id, so that sending it twice is sending it once. */
export async function sendEmail(id: string, to: string, text: string): Promise<string> {
  const folder = outboxFolder();
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${id.replace(/[^A-Za-z0-9_-]/g, '_')}.txt`);
  await writeFile(file, `To: ${to}\n\n${text}\n`);
  return file;
}
