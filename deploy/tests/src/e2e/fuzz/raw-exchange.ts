import { connect } from 'node:net';

/* HTTP as bytes: what no HTTP client would send can be sent, too. */

export interface RawRequest {
  readonly method: string;
  /** Path and query, one byte a character. */
  readonly target: string;
  /** In this order, one byte a character; nothing is added but what ends the connection and how long the body is. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly type?: string;
  readonly body: string;
}

const LIMIT_MS = 60_000;

/** Undefined when the connection was closed without an answer. @throws Error when nothing came of it in a minute */
export function exchange(port: number, request: RawRequest): Promise<RawAnswer | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const received: Buffer[] = [];
    socket.setTimeout(LIMIT_MS, () => {
      socket.destroy(new Error(`no answer in ${LIMIT_MS} ms to ${request.method} ${request.target.slice(0, 200)}`));
    });
    socket.on('data', (data: Buffer) => received.push(data));
    // A server that refuses what still arrives resets the connection: what it said before counts.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!['ECONNRESET', 'EPIPE'].includes(error.code ?? '')) reject(error);
    });
    socket.on('close', () => {
      resolve(answerIn(Buffer.concat(received)));
    });
    socket.write(bytesOf(request));
  });
}

/** Sends what there is of the request, and is gone. */
export function hangUp(port: number, request: RawRequest): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve();
    });
    socket.write(bytesOf(request), () => socket.destroy());
  });
}

function bytesOf({ method, target, headers, body }: RawRequest): Buffer {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: close',
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body.length > 0 && !says(headers, 'content-length') ? [`Content-Length: ${body.length}`] : []),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

function answerIn(bytes: Buffer): RawAnswer | undefined {
  const text = bytes.toString();
  const end = text.indexOf('\r\n\r\n');
  const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
  if (status === undefined || end < 0) return undefined;
  const type = /^content-type: (.+)$/im.exec(text.slice(0, end))?.[1]?.trim();
  return { status: Number(status), ...(type === undefined ? {} : { type }), body: text.slice(end + 4) };
}

const says = (headers: RawRequest['headers'], wanted: string): boolean =>
  headers.some(([name]) => name.toLowerCase() === wanted);
