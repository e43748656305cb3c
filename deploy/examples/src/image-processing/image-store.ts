import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Router } from 'express';
import { outboxFolder } from '../app/outbox';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** One byte a pixel, base64. */
  readonly pixels: string;
}

/** Somebody's picture on the web: a grey ramp as a portable graymap (PGM). */
export function pictureServer(): Router {
  const router = Router();
  router.get('/ramp.pgm', (_request, response) => {
    const pixels = Buffer.from(Array.from({ length: 64 * 64 }, (_, index) => index % 256));
    response.type('image/x-portable-graymap').send(Buffer.concat([Buffer.from('P5\n64 64\n255\n'), pixels]));
  });
  return router;
}

export function parsePgm(bytes: Buffer): Picture {
  const [, width = '', height = ''] = /^P5\s(\d+)\s(\d+)\s255\s/.exec(bytes.subarray(0, 64).toString('latin1')) ?? [];
  const size = Number(width) * Number(height);
  if (!size) throw new Error('not a binary graymap');
  return {
    width: Number(width),
    height: Number(height),
    pixels: bytes.subarray(bytes.length - size).toString('base64'),
  };
}

/** Every n-th pixel of every n-th line. */
export function shrink({ width, height, pixels }: Picture, factor: number): Picture {
  const source = Buffer.from(pixels, 'base64');
  const small: number[] = [];
  for (let y = 0; y < height; y += factor)
    for (let x = 0; x < width; x += factor) small.push(source[y * width + x] ?? 0);
  return {
    width: Math.ceil(width / factor),
    height: Math.ceil(height / factor),
    pixels: Buffer.from(small).toString('base64'),
  };
}

export function invert(picture: Picture): Picture {
  return {
    ...picture,
    pixels: Buffer.from(Buffer.from(picture.pixels, 'base64').map((pixel) => 255 - pixel)).toString('base64'),
  };
}

/** Instead of a bucket: a folder. The name is the content's hash, so that a repeated upload changes nothing. */
export async function upload(name: string, { width, height, pixels }: Picture): Promise<string> {
  const folder = join(outboxFolder(), 'pictures');
  await mkdir(folder, { recursive: true });
  const bytes = Buffer.concat([Buffer.from(`P5\n${width} ${height}\n255\n`), Buffer.from(pixels, 'base64')]);
  const file = join(folder, `${name}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.pgm`);
  await writeFile(file, bytes);
  return file;
}
