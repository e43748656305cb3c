import fc from 'fast-check';
import type { BlockReason } from './destination.policy';
import { DestinationPolicy, allowEntryProblem, ipLiteral } from './destination.policy';

const strict = new DestinationPolicy({ allowPrivate: false, allow: [] });
const dev = new DestinationPolicy({ allowPrivate: true, allow: [] });
const verdict = (policy: DestinationPolicy, address: string): BlockReason | 'allowed' => {
  const judged = policy.judge(address);
  return judged.allowed ? 'allowed' : judged.reason;
};

describe('DestinationPolicy', () => {
  it.each(['8.8.8.8', '1.1.1.1', '2606:4700:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'])(
    'lets %s through in every mode (rules 1, 4)',
    (address) => {
      expect(verdict(strict, address)).toBe('allowed');
      expect(verdict(dev, address)).toBe('allowed');
    },
  );

  it.each<[string, BlockReason]>([
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['::1', 'loopback'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['fd12::1', 'private'],
    ['fec0::1', 'private'],
    ['::ffff:10.0.0.1', 'private'],
    ['::ffff:a00:1', 'private'],
    ['::127.0.0.1', 'loopback'],
    ['::7f00:1', 'loopback'],
    ['::a00:1', 'private'],
    ['::ffff:7f00:1', 'loopback'],
    ['2002:7f00:1::', 'loopback'],
    ['2002:a00:1::', 'private'],
    ['64:ff9b::7f00:1', 'loopback'],
    ['::ffff:0:127.0.0.1', 'loopback'],
  ])('lets %s through only where private addresses are allowed (rules 2, 4)', (address, reason) => {
    expect(verdict(strict, address)).toBe(reason);
    expect(verdict(dev, address)).toBe('allowed');
  });

  it.each<[string, BlockReason]>([
    ['169.254.169.254', 'metadata'],
    ['169.254.170.2', 'metadata'],
    ['169.254.0.1', 'link-local'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['fd00:ec2::254', 'metadata'],
    ['fd20:ce::254', 'metadata'],
    ['100.100.100.200', 'metadata'],
    ['168.63.129.16', 'metadata'],
    ['192.0.0.192', 'metadata'],
    ['::ffff:169.254.169.254', 'metadata'],
    ['::ffff:a9fe:a9fe', 'metadata'],
    ['2002:a9fe:a9fe::', 'metadata'],
    ['64:ff9b::a9fe:a9fe', 'metadata'],
    ['0.0.0.0', 'reserved'],
    ['0.1.2.3', 'reserved'],
    ['::', 'reserved'],
    ['255.255.255.255', 'reserved'],
    ['224.0.0.1', 'reserved'],
    ['ff02::1', 'reserved'],
    ['240.0.0.1', 'reserved'],
    ['192.0.2.1', 'reserved'],
    ['2001:db8::1', 'reserved'],
    ['2001::1', 'reserved'],
    ['4000::1', 'reserved'],
    ['::1:0:0:1', 'reserved'],
    ['', 'reserved'],
    ['nonsense', 'reserved'],
  ])('never lets %s through, not even where private addresses are allowed (rules 1, 3)', (address, reason) => {
    expect(verdict(strict, address)).toBe(reason);
    expect(verdict(dev, address)).toBe(reason);
  });

  it('lets named ranges and addresses through (rule 3)', () => {
    const named = new DestinationPolicy({
      allowPrivate: false,
      allow: ['10.1.0.0/16', '169.254.169.254', 'fe80::/64', '192.0.2.7'],
    });
    expect(verdict(named, '10.1.9.9')).toBe('allowed');
    expect(verdict(named, '::ffff:10.1.9.9')).toBe('allowed');
    expect(verdict(named, '10.2.0.1')).toBe('private');
    expect(verdict(named, '169.254.169.254')).toBe('allowed');
    expect(verdict(named, '169.254.0.1')).toBe('link-local');
    expect(verdict(named, 'fe80::5')).toBe('allowed');
    expect(verdict(named, '192.0.2.7')).toBe('allowed');
  });

  it('takes a range that is wider than the forbidden ones for no name (rule 3)', () => {
    const wide = new DestinationPolicy({ allowPrivate: false, allow: ['0.0.0.0/0', '::/0'] });
    expect(verdict(wide, '10.0.0.1')).toBe('allowed');
    expect(verdict(wide, '127.0.0.1')).toBe('allowed');
    expect(verdict(wide, '169.254.169.254')).toBe('metadata');
    expect(verdict(wide, 'fe80::1')).toBe('link-local');
    expect(verdict(wide, '100.100.100.200')).toBe('metadata');
    const linkLocal = new DestinationPolicy({ allowPrivate: false, allow: ['169.254.0.0/16'] });
    expect(verdict(linkLocal, '169.254.169.254')).toBe('allowed');
  });

  it('knows named hosts, in any spelling', () => {
    const named = new DestinationPolicy({ allowPrivate: false, allow: ['App.Internal', '*.svc.local'] });
    expect(
      ['app.internal', 'APP.INTERNAL.', 'a.svc.local', 'a.b.svc.local'].every((host) => named.namesHost(host)),
    ).toBe(true);
    expect(['xapp.internal', 'svc.local', 'evilsvc.local', 'internal'].some((host) => named.namesHost(host))).toBe(
      false,
    );
  });

  it('refuses entries that mean nothing', () => {
    expect(['10.0.0.0/8', '::1', 'localhost', '*.example.com', '127.1'].map(allowEntryProblem)).toEqual(
      Array(5).fill(undefined),
    );
    for (const entry of ['', '10.0.0.0/33', 'http://x', 'a b', '*', '1.2.3.4.5', '300.1.1.1', 'a..b']) {
      expect(allowEntryProblem(entry)).toContain(JSON.stringify(entry));
    }
    expect(() => new DestinationPolicy({ allowPrivate: false, allow: ['10.0.0.0/99'] })).toThrow('10.0.0.0/99');
  });

  it('judges an IPv4 address in every carrier as itself (rule 4)', () => {
    const byte = fc.nat(255);
    fc.assert(
      fc.property(fc.tuple(byte, byte, byte, byte), (bytes) => {
        const hex = bytes.map((each) => each.toString(16).padStart(2, '0'));
        const groups = `${hex.slice(0, 2).join('')}:${hex.slice(2).join('')}`;
        const plain = verdict(strict, bytes.join('.'));
        expect(verdict(strict, `::ffff:${bytes.join('.')}`)).toBe(plain);
        expect(verdict(strict, `::ffff:${groups}`)).toBe(plain);
        expect(verdict(strict, `2002:${groups}::1`)).toBe(plain);
        expect(verdict(strict, `64:ff9b::${groups}`)).toBe(plain);
      }),
    );
  });
});

describe('ipLiteral (rule 5)', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1.', '127.0.0.1'],
    ['0x7f.1', '127.0.0.1'],
    ['0177.0.0.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['0x7f000001', '127.0.0.1'],
    ['017700000001', '127.0.0.1'],
    ['127.1', '127.0.0.1'],
    ['0xa9fea9fe', '169.254.169.254'],
    ['[::1]', '::1'],
    ['[::ffff:7f00:1]', '::ffff:7f00:1'],
    ['[::ffff:127.0.0.1]', '::ffff:7f00:1'],
  ])('reads %s as %s', (hostname, address) => {
    expect(ipLiteral(hostname)).toBe(address);
  });

  it.each(['localhost', 'example.com', '1.2.3.4.example.com', 'xn--p1ai', '', '1.2.3.4.5'])(
    'takes %p for a name',
    (name) => {
      expect(ipLiteral(name)).toBeUndefined();
    },
  );
});
