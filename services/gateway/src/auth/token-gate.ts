import { hash, timingSafeEqual } from 'node:crypto';

/**
 * Who may come in. Only digests of the tokens are kept, and a presented token is compared with every one of them in constant
 * time: neither its length nor how many of its characters are right can be measured.
 */
export class TokenGate {
  private readonly digests: readonly Buffer[];

  constructor(tokens: readonly string[]) {
    this.digests = tokens.map(digestOf);
  }

  admits(presented: string | undefined): boolean {
    if (presented === undefined || presented === '') return false;
    const digest = digestOf(presented);
    let admitted = false;
    for (const each of this.digests) admitted = timingSafeEqual(each, digest) || admitted;
    return admitted;
  }
}

const SCHEME = /^bearer +/i;

/** The token of an `Authorization` header; undefined for another scheme. */
export function bearerToken(authorization: string | undefined): string | undefined {
  const scheme = authorization === undefined ? null : SCHEME.exec(authorization);
  return scheme === null ? undefined : authorization?.slice(scheme[0].length).trim();
}

const digestOf = (token: string): Buffer => hash('sha256', token, 'buffer');
