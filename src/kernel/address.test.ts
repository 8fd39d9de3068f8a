import { describe, expect, test } from 'vitest';
import { inIpRange, parseIpRange } from './address.ts';

function isIn(address: string, text: string): boolean {
  const range = parseIpRange(text);
  return range !== undefined && inIpRange(address, range);
}

describe('a range holds', () => {
  test.each([
    ['its network', '203.0.113.7', '203.0.113.0/24'],
    ['its network when it names a host of it', '203.0.113.7', '203.0.113.200/24'],
    ['the one address it names', '203.0.113.7', '203.0.113.7'],
    ['an IPv4 address that a dual-stack socket reports', '::ffff:203.0.113.7', '203.0.113.0/24'],
    ['an IPv6 network', '2001:db8::1', '2001:db8::/32'],
    ['anybody, when it is 0.0.0.0/0', '2001:db8::1', '0.0.0.0/0'],
  ])('%s', (_, address, range) => expect(isIn(address, range)).toBe(true));
});

describe('a range does not hold', () => {
  test.each([
    ['the neighbour of its network', '203.0.114.1', '203.0.113.0/24'],
    ['another address than the one it names', '203.0.113.8', '203.0.113.7'],
    ['IPv6 when it is IPv4', '2001:db8::1', '203.0.113.0/1'],
    ['IPv4 when it is all of IPv6', '203.0.113.7', '::/0'],
    ['what is no address', 'localhost', '203.0.113.0/24'],
  ])('%s', (_, address, range) => expect(isIn(address, range)).toBe(false));
});

test.each([
  '',
  '203.0.113',
  '0313.0.113.7',
  '0xcb.0.113.7',
  '203.0.113.7/33',
  '203.0.113.7/',
  '203.0.113.7/8/8',
  '::1/129',
  '1.2.3.4/-1',
  'a/8',
])('%j is no range', (text) => expect(parseIpRange(text)).toBeUndefined());

test('a single address gets its full mask', () => {
  expect(parseIpRange('203.0.113.7')?.text).toBe('203.0.113.7/32');
  expect(parseIpRange('2001:db8::1')?.text).toBe('2001:db8::1/128');
});
