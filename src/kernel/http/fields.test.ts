import { describe, expect, test } from 'vitest';
import { writeCacheStatus } from './cache-status.ts';
import { fieldOf, withoutMalformed } from './fields.ts';
import { withoutHopByHop } from './hop-by-hop.ts';
import { variantKey, varyNames } from './vary.ts';

test('a field that comes twice is one list', () => {
  expect(fieldOf(['Via', 'a', 'X', '1', 'VIA', 'b'], 'via')).toBe('a, b');
  expect(fieldOf(['Via', 'a'], 'vary')).toBeUndefined();
});

test.each([
  [['A b', '1'], []],
  [['', '1'], []],
  [['A', '1\r\nB: 2'], []],
  [['A', 'x\u0000y'], []],
  [['A', '\u0100'], []],
  [
    ['A', '\u00e9 \t'],
    ['A', '\u00e9 \t'],
  ],
])('withoutMalformed(%j)', (fields, kept) => {
  expect(withoutMalformed(fields)).toEqual(kept);
});

test('fields of the connection and those it names go, in any case', () => {
  const fields = ['connection', 'X-Mine, close', 'x-mine', '1', 'Transfer-Encoding', 'chunked', 'TE', 'x', 'Kept', 'y'];
  expect(withoutHopByHop(fields)).toEqual(['Kept', 'y']);
});

describe('Vary', () => {
  test.each([
    [undefined, []],
    ['Origin, accept-encoding ,ORIGIN', ['accept-encoding', 'origin']],
    ['Accept, *', '*'],
    [' , ', []],
  ])('%s', (value, names) => {
    expect(varyNames({ status: 200, fields: value === undefined ? [] : ['Vary', value] })).toEqual(names);
  });

  test('blanks around commas make no other variant, absence does', () => {
    expect(variantKey(['a'], { a: 'x ,y' })).toBe(variantKey(['a'], { a: 'x,  y' }));
    expect(variantKey(['a'], { a: '' })).not.toBe(variantKey(['a'], {}));
  });
});

test.each([
  [{ hit: true, ttlSeconds: 9.9 }, 'frontrow; hit; ttl=9'],
  [{ hit: true, ttlSeconds: -3 }, 'frontrow; hit; ttl=-3'],
  [{ fwd: 'uri-miss', stored: true, collapsed: true } as const, 'frontrow; fwd=uri-miss; stored; collapsed'],
  [
    { fwd: 'stale', fwdStatus: 304, detail: 'not-modified' } as const,
    'frontrow; fwd=stale; fwd-status=304; detail=not-modified',
  ],
])('Cache-Status %j', (status, text) => {
  expect(writeCacheStatus('frontrow', status)).toBe(text);
});
