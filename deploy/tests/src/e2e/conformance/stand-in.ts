import { createHash, createHmac } from 'node:crypto';
import { DEV } from '../stepwell-under-test';

const base64url = (bytes: string | Buffer): string => Buffer.from(bytes).toString('base64url');

/** What a server's signature is made of (protocol.md section 4), by its own words: not the engine's code. */
function signatureOf(url: string, body: string, key: string = DEV.currentSigningKey): string {
  const now = Math.floor(Date.now() / 1_000);
  const head = base64url(JSON.stringify({ alg: 'HS256', typ: 'JWT' }));
  const claims = base64url(
    JSON.stringify({
      iss: 'Upstash',
      sub: url,
      exp: now + 300,
      nbf: 0,
      iat: now,
      jti: `jwt_${now}`,
      body: createHash('sha256').update(body).digest('base64url'),
    }),
  );
  const signed = `${head}.${claims}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

/** Calls an endpoint as a schedule or a plain message would: signed, and naming no run (protocol.md 5.4). */
export async function callAsStandIn(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
  signed = true,
): Promise<{ status: number; json: unknown }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(signed ? { 'upstash-signature': signatureOf(url, body) } : {}),
      ...headers,
    },
    body,
  });
  return { status: response.status, json: await response.json() };
}
