import * as ipaddr from 'ipaddr.js';

/*
 * Owns the answer to one question: may a request of ours go to this address? (issue 3 point 12; stack.md, outbound HTTP.)
 * Doesn't own resolving or connecting; the connector asks here before it connects and again once it is connected.
 *
 * 1. Public unicast addresses are allowed. Everything unknown to the address registry is not.
 * 2. Loopback and private ranges are allowed only when the setting says so.
 * 3. Link-local, cloud metadata and addresses that mean "this host" or "many hosts" are never allowed unless *named*: by the host
 *    itself, or by a range that lies wholly inside them. `0.0.0.0/0` names nothing.
 * 4. An IPv6 address that carries an IPv4 one (mapped, compatible, 6to4, NAT64) is judged by the address it carries: that is where it leads.
 * 5. A text that can be read as an IPv4 address in any of inet_aton's forms is one.
 */

/** What a metric may say about a refusal. */
export type BlockReason = 'loopback' | 'private' | 'link-local' | 'metadata' | 'reserved';

export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: BlockReason };

export interface DestinationPolicyOptions {
  /** `STEPWELL_OUTBOUND_ALLOW_PRIVATE`. */
  readonly allowPrivate: boolean;
  /** `STEPWELL_OUTBOUND_ALLOW`: addresses, CIDR ranges, host names (`*.internal.example` for all below one). */
  readonly allow: readonly string[];
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [network: Address, prefixLength: number];

const ALLOWED: Verdict = { allowed: true };

/** Services that hand credentials to whoever asks from inside, some of them at public-looking addresses. */
const METADATA: readonly Range[] = [
  '169.254.169.254/32',
  '169.254.170.2/32',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
].map((range) => ipaddr.parseCIDR(range));

const LINK_LOCAL: readonly Range[] = ['169.254.0.0/16', 'fe80::/10'].map((range) => ipaddr.parseCIDR(range));

const GLOBAL_IPV6: Range = ipaddr.parseCIDR('2000::/3');

/** Ranges that a network's owner uses for itself. */
const PRIVATE_RANGES: ReadonlySet<string> = new Set([
  'private',
  'uniqueLocal',
  'carrierGradeNat',
  'deprecatedSiteLocal',
]);

export class DestinationPolicy {
  private readonly allowPrivate: boolean;
  private readonly ranges: readonly Range[];
  private readonly hosts: ReadonlySet<string>;
  private readonly hostSuffixes: readonly string[];

  /** @throws Error naming the entry of `allow` that is neither an address, a range nor a host name. */
  constructor(options: DestinationPolicyOptions) {
    this.allowPrivate = options.allowPrivate;
    const ranges: Range[] = [];
    const hosts = new Set<string>();
    const hostSuffixes: string[] = [];
    for (const entry of options.allow) {
      const problem = allowEntryProblem(entry);
      if (problem !== undefined) throw new Error(problem);
      const range = rangeOf(entry);
      if (range !== undefined) ranges.push(range);
      else if (entry.startsWith('*.')) hostSuffixes.push(entry.slice(1).toLowerCase());
      else hosts.add(plainHost(entry));
    }
    this.ranges = ranges;
    this.hosts = hosts;
    this.hostSuffixes = hostSuffixes;
  }

  /** A host that the operator named is trusted wherever its name leads. */
  namesHost(hostname: string): boolean {
    const host = plainHost(hostname);
    return this.hosts.has(host) || this.hostSuffixes.some((suffix) => host.endsWith(suffix));
  }

  /** @param address an IP address; what can't be read as one is refused. */
  judge(address: string): Verdict {
    const literal = readAddress(address);
    if (literal === undefined) return { allowed: false, reason: 'reserved' };
    const target = carriedAddress(literal);
    const never = neverReason(target);
    if (this.ranges.some((range) => contains(range, target) && (never === undefined || namesNever(range))))
      return ALLOWED;
    if (never !== undefined) return { allowed: false, reason: never };
    const kind = target.range();
    if (kind === 'unicast' && isGlobal(target)) return ALLOWED;
    if (kind === 'loopback') return this.allowPrivate ? ALLOWED : { allowed: false, reason: 'loopback' };
    if (PRIVATE_RANGES.has(kind)) return this.allowPrivate ? ALLOWED : { allowed: false, reason: 'private' };
    return { allowed: false, reason: 'reserved' };
  }
}

/** A sentence about an entry of the allow list that means nothing; `undefined` for a good one. */
export function allowEntryProblem(entry: string): string | undefined {
  if (rangeOf(entry) !== undefined) return undefined;
  if (/^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(entry) && !/^[\d.]+$/.test(entry)) return undefined;
  return `${JSON.stringify(entry)} is neither an IP address, a CIDR range (10.0.0.0/8) nor a host name (*.example.com)`;
}

/** The canonical text of an IP literal in any form, brackets included; `undefined` for a name (rule 5). */
export function ipLiteral(hostname: string): string | undefined {
  const address = readAddress(hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, ''));
  return address?.toString();
}

function readAddress(text: string): Address | undefined {
  try {
    return ipaddr.parse(text);
  } catch {
    return undefined;
  }
}

function carriedAddress(address: Address): Address {
  if (!(address instanceof ipaddr.IPv6)) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  const bytes = address.toByteArray();
  const kind = address.range();
  if (kind === 'unicast' && bytes.slice(0, 12).every((byte) => byte === 0)) return new ipaddr.IPv4(bytes.slice(12));
  if (kind === '6to4') return new ipaddr.IPv4(bytes.slice(2, 6));
  if (kind === 'rfc6052' || kind === 'rfc6145') return new ipaddr.IPv4(bytes.slice(12, 16));
  return address;
}

/** What isn't registered for something else is not therefore public: of IPv6 only this eighth was ever given out. */
function isGlobal(address: Address): boolean {
  return address instanceof ipaddr.IPv4 || contains(GLOBAL_IPV6, address);
}

function neverReason(address: Address): BlockReason | undefined {
  if (METADATA.some((range) => contains(range, address))) return 'metadata';
  if (LINK_LOCAL.some((range) => contains(range, address))) return 'link-local';
  return undefined;
}

function namesNever(range: Range): boolean {
  return [...METADATA, ...LINK_LOCAL].some((never) => range[1] >= never[1] && contains(never, range[0]));
}

function contains([network, prefixLength]: Range, address: Address): boolean {
  if (network instanceof ipaddr.IPv4) return address instanceof ipaddr.IPv4 && address.match(network, prefixLength);
  return address instanceof ipaddr.IPv6 && address.match(network, prefixLength);
}

function rangeOf(entry: string): Range | undefined {
  try {
    if (entry.includes('/')) return ipaddr.parseCIDR(entry);
  } catch {
    return undefined;
  }
  const literal = ipLiteral(entry);
  const address = literal === undefined ? undefined : readAddress(literal);
  return address === undefined ? undefined : [address, address.kind() === 'ipv4' ? 32 : 128];
}

function plainHost(hostname: string): string {
  return hostname.toLowerCase().replace(/\.$/, '');
}
