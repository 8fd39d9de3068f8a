import { describe, expect, test } from 'vitest';
import { inIpRange, isPublicAddress, parseIpRange } from './address.ts';

describe('which addresses a pull may reach', () => {
  test.each([
    ['8.8.8.8', 'the public internet', true],
    ['2606:4700::1111', 'the public internet', true],
    ['64:ff9b::808:808', 'NAT64 to the public internet', true],
    ['127.0.0.1', 'loopback', false],
    ['::1', 'loopback', false],
    ['10.0.0.1', 'private', false],
    ['fd00::1', 'private', false],
    ['100.64.1.1', 'carrier NAT', false],
    ['169.254.169.254', 'link-local, where clouds keep credentials', false],
    ['fe80::1', 'link-local', false],
    ['224.0.0.1', 'multicast', false],
    ['0.0.0.0', 'unspecified', false],
    ['192.0.2.1', 'documentation', false],
    ['::ffff:127.0.0.1', 'loopback in IPv6 clothes', false],
    ['64:ff9b::7f00:1', 'NAT64 to loopback', false],
    ['2002:7f00:1::', '6to4 to loopback', false],
    ['0x7f.1', 'a spelling that other software reads as loopback', false],
    ['example.org', 'a name', false],
  ])('%s, %s: %s', (address, _what, isPublic) => {
    expect(isPublicAddress(address)).toBe(isPublic);
  });
});

describe('which viewers a range admits', () => {
  test.each([
    ['203.0.113.0/24', '203.0.113.77', true],
    ['203.0.113.0/24', '203.0.114.1', false],
    ['203.0.113.7', '203.0.113.7', true],
    ['203.0.113.7', '::ffff:203.0.113.7', true],
    ['0.0.0.0/0', '2001:db8::1', true],
    ['2001:db8::/32', '2001:db8:1::9', true],
    ['2001:db8::/32', '203.0.113.7', false],
  ])('%s, %s: %s', (text, address, admitted) => {
    const range = parseIpRange(text);
    expect(range && inIpRange(address, range)).toBe(admitted);
  });

  test.each(['', '1.2.3', '1.2.3.4/33', '1.2.3.4/', '1.2.3.4/8/8', 'fe80::/129', '0x7f.0.0.1'])(
    '%j is no range',
    (text) => {
      expect(parseIpRange(text)).toBeUndefined();
    },
  );
});
