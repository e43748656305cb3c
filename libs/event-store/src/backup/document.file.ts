import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline as piped } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { mongo } from 'mongoose';

/*
 * Documents as a file: gzip, one document a line, in canonical extended JSON, which keeps each number's BSON type and every byte of a
 * binary. Streamed both ways: what is in memory is a portion, never a file.
 */

const { EJSON } = mongo.BSON;

export type StoredDocument = mongo.BSON.Document;

export interface WrittenFile {
  readonly documents: number;
  /** Of the file as it lies there, compressed. */
  readonly bytes: number;
  readonly sha256: string;
}

/** Lines are handed on in pieces of at least so many characters. */
const PIECE_CHARS = 64 * 1024;
/** What is read is handed on in portions of at most so many documents, or as soon as they weigh so much. */
const PORTION = { documents: 1_000, bytes: 8 * 1024 * 1024 };
const NEWLINE = 0x0a;

/** Durable when it resolves. Readable by its owner alone: bodies are users' data. @throws when the file is there already; what `documents` throws */
export async function writeDocuments(
  path: string,
  documents: AsyncIterable<StoredDocument> | Iterable<StoredDocument>,
): Promise<WrittenFile> {
  const hash = createHash('sha256');
  let count = 0;
  let bytes = 0;
  async function* lines(): AsyncIterable<string> {
    let piece = '';
    for await (const document of documents) {
      count += 1;
      piece += `${EJSON.stringify(document, { relaxed: false })}\n`;
      if (piece.length < PIECE_CHARS) continue;
      yield piece;
      piece = '';
    }
    if (piece !== '') yield piece;
  }
  async function* summed(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      yield chunk;
    }
  }
  await pipeline(lines, createGzip(), summed, createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }));
  return { documents: count, bytes, sha256: hash.digest('hex') };
}

/** @throws when it can't be read */
export async function fileSum(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** In portions, none of them empty. @throws when the file can't be read, or isn't of this kind */
export async function* readDocuments(path: string): AsyncIterable<StoredDocument[]> {
  let portion: StoredDocument[] = [];
  let bytes = 0;
  for await (const line of linesOf(path)) {
    portion.push(EJSON.parse(line.toString(), { relaxed: false }) as StoredDocument);
    bytes += line.byteLength;
    if (portion.length < PORTION.documents && bytes < PORTION.bytes) continue;
    yield portion;
    portion = [];
    bytes = 0;
  }
  if (portion.length > 0) yield portion;
}

/** By the newline's byte alone: `readline` takes U+2028 for the end of a line as well, which is a letter like any other in JSON. */
async function* linesOf(path: string): AsyncIterable<Buffer> {
  const text = piped(createReadStream(path), createGunzip(), () => undefined);
  let begun: Buffer[] = [];
  for await (const chunk of text as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...begun, chunk.subarray(from, end)]);
      begun = [];
      from = end + 1;
    }
    if (from < chunk.byteLength) begun.push(chunk.subarray(from));
  }
  if (begun.length > 0) throw new Error('the last line is cut off');
}
