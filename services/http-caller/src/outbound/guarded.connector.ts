import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';
import { buildConnector } from 'undici';
import type { BlockReason, DestinationPolicy } from './destination.policy';
import { ipLiteral } from './destination.policy';

/*
 * The SSRF guard. It sits in the connector because that is the only place every connection passes: a `lookup` hook alone never
 * sees an IP literal.
 *
 * 1. A literal is judged before it is connected to; of a name, only the addresses that pass are connected to.
 * 2. What is judged is what is connected to: the vetted addresses are handed to the socket, nothing resolves twice.
 * 3. The address that the socket reports once connected is judged again, before a byte is written.
 */

/** All addresses of a name, as the system orders them. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

export class DestinationBlocked extends Error {
  constructor(
    readonly hostname: string,
    readonly address: string,
    readonly reason: BlockReason,
  ) {
    super(
      `${hostname} leads to ${address === hostname ? 'a' : `${address}, a`} ${reason} address, where no request is sent. ` +
        'If this is meant, the operator can name the host or its range in STEPWELL_OUTBOUND_ALLOW' +
        (reason === 'loopback' || reason === 'private' ? ' or set STEPWELL_OUTBOUND_ALLOW_PRIVATE=true' : ''),
    );
    this.name = 'DestinationBlocked';
  }
}

export interface GuardedConnectorOptions {
  readonly policy: DestinationPolicy;
  readonly connectTimeoutMs: number;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve;
}

export function guardedConnector(options: GuardedConnectorOptions): buildConnector.connector {
  const { policy, connectTimeoutMs, resolve = systemResolve } = options;
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    lookup: vettedLookup(policy, resolve),
    autoSelectFamily: true,
  });

  return (target, callback) => {
    const named = policy.namesHost(target.hostname);
    const literal = ipLiteral(target.hostname);
    if (literal !== undefined && !named) {
      const verdict = policy.judge(literal);
      if (!verdict.allowed) {
        callback(new DestinationBlocked(target.hostname, literal, verdict.reason), null);
        return;
      }
    }
    connect(literal === undefined ? target : { ...target, hostname: literal }, (...outcome) => {
      const [error, socket] = outcome;
      if (error === null && !named) {
        const blocked = judgePeer(policy, target.hostname, socket);
        if (blocked !== undefined) {
          socket.destroy();
          callback(blocked, null);
          return;
        }
      }
      callback(...outcome);
    });
  };
}

function judgePeer(policy: DestinationPolicy, hostname: string, socket: Socket): DestinationBlocked | undefined {
  const address = socket.remoteAddress ?? '';
  const verdict = policy.judge(address);
  return verdict.allowed ? undefined : new DestinationBlocked(hostname, address, verdict.reason);
}

function vettedLookup(policy: DestinationPolicy, resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (found) => {
        const vetted = policy.namesHost(hostname)
          ? found
          : found.filter(({ address }) => policy.judge(address).allowed);
        const [first] = vetted;
        if (first !== undefined) {
          if (options.all === true) callback(null, [...vetted]);
          else callback(null, first.address, first.family);
          return;
        }
        callback(refusal(policy, hostname, found), '', 0);
      },
      (error: unknown) => {
        // What a resolver rejects with is an Error of the system's; the type of a rejection can't say so.
        callback(error as NodeJS.ErrnoException, '', 0);
      },
    );
  };
}

function refusal(policy: DestinationPolicy, hostname: string, found: readonly LookupAddress[]): Error {
  for (const { address } of found) {
    const verdict = policy.judge(address);
    if (!verdict.allowed) return new DestinationBlocked(hostname, address, verdict.reason);
  }
  return Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' });
}

const systemResolve: Resolve = (hostname) =>
  new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true, verbatim: true }, (error, addresses) => {
      if (error === null) resolve(addresses);
      else reject(error);
    });
  });
