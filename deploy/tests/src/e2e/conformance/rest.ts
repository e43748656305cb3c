import { request } from 'node:http';
import { DEV } from '../stepwell-under-test';

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON. @throws SyntaxError when it is none */
  readonly json: unknown;
}

export interface Sent {
  /** Several values of a name go out as several header lines. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** Undefined: the right one; '': none. */
  readonly token?: string;
}

/** The engine's REST interface as any program sees it: the target goes out byte by byte, nothing is normalised. */
export class Rest {
  constructor(private readonly baseUrl: () => string) {}

  send(method: string, target: string, { headers = {}, body, token = DEV.token }: Sent = {}): Promise<Answered> {
    const { hostname, port } = new URL(this.baseUrl());
    // Node announces no length with a DELETE by itself.
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const lines = { ...length, ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...headers };
    return new Promise((resolve, reject) => {
      const outgoing = request({ hostname, port, method, path: target, headers: lines as Record<string, string> });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            get json(): unknown {
              return JSON.parse(text);
            },
          });
        });
      });
      outgoing.end(body);
    });
  }

  get(target: string, sent?: Sent): Promise<Answered> {
    return this.send('GET', target, sent);
  }

  post(target: string, sent?: Sent): Promise<Answered> {
    return this.send('POST', target, sent);
  }

  delete(target: string, sent?: Sent): Promise<Answered> {
    return this.send('DELETE', target, sent);
  }

  /** One item, or several, as the clients post them. */
  batch(items: object | readonly object[]): Promise<Answered> {
    return this.post('/v2/batch', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(items),
    });
  }
}
