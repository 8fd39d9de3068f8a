import { expect, test } from 'vitest';
import { readDirectives, withoutDirectives, writeDirectives } from './directives.ts';

const rewritten = (query: string): string | undefined => {
  const directives = readDirectives(query);
  return directives && writeDirectives(directives);
};

test.each([
  ['', ''],
  ['_HLS_msn=12', '_HLS_msn=12'],
  ['_HLS_part=0&_HLS_msn=0', '_HLS_msn=0&_HLS_part=0'],
  ['_HLS_skip=YES&x=1&_HLS_msn=7&_HLS_part=3', '_HLS_msn=7&_HLS_part=3&_HLS_skip=YES'],
  ['_HLS_skip=v2', '_HLS_skip=YES'],
  ['_HLS_msn=0012&_HLS_part=00', '_HLS_msn=12&_HLS_part=0'],
  ['_HLS_msn=00000000000000000012', '_HLS_msn=12'],
])('"%s" asks for the state "%s"', (query, state) => {
  expect(rewritten(query)).toBe(state);
});

test('what is no directive tells no states apart', () => {
  expect(rewritten('CMCD=bl%3D1&_HLS_pathway=a&_HLS_throughput=5&_hls_msn=9&%5FHLS_msn=9')).toBe('');
});

test.each([
  '_HLS_part=1',
  '_HLS_msn=1&_HLS_msn=1',
  '_HLS_msn=1&_HLS_part=1&_HLS_part=2',
  '_HLS_msn=',
  '_HLS_msn',
  '_HLS_msn=-1',
  '_HLS_msn=1.5',
  '_HLS_msn=1e3',
  '_HLS_msn=%31',
  '_HLS_msn=999999999999999999999',
  '_HLS_msn=1&_HLS_part=x',
  '_HLS_skip=yes',
  '_HLS_skip=YES&_HLS_skip=YES',
])('"%s" cannot be meant', (query) => {
  expect(readDirectives(query)).toBeUndefined();
});

test('an address that was signed is the same after a player has put its directives to it', () => {
  expect(withoutDirectives('a=1&_HLS_msn=3&b=2&_HLS_part=0')).toBe('a=1&b=2');
  expect(withoutDirectives('a=1')).toBe('a=1');
});
