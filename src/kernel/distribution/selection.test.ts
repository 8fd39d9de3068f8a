import { expect, test } from 'vitest';
import { chosenBy, chosenCookies, selectCookies, selectQuery } from './selection.ts';

const listed = chosenBy('whitelist', ['a', 'c']);
const others = chosenBy('allExcept', ['a', 'c']);

test.each([
  ['b=2&a=1', 'none', ''],
  ['b=2&a=1', 'all', 'b=2&a=1'],
  ['b=2&a=1&a=0', listed, 'a=1&a=0'],
  ['c&b&a=', listed, 'c&a='],
  ['A=1&%61=1', listed, ''],
  ['a=1;b=2', listed, 'a=1;b=2'],
  ['b=2&a=1&d', others, 'b=2&d'],
  ['&&b', others, '&&b'],
  ['', others, ''],
])('of the query %j is selected by %s %j', (query, chosen, selected) => {
  expect(selectQuery(query, chosen as Parameters<typeof selectQuery>[1])).toBe(selected);
});

test.each([
  ['b=2&a=1', 'all', 'a=1&b=2'],
  ['b=1&a&b=0&a=2', 'all', 'a&a=2&b=1&b=0'],
  ['c=1&b&a', listed, 'a&c=1'],
])('sorted, the query %j is %j', (query, chosen, selected) => {
  expect(selectQuery(query, chosen as Parameters<typeof selectQuery>[1], true)).toBe(selected);
});

test.each([
  ['b=2; a=1', 'none', ''],
  ['b=2; a=1', 'all', 'a=1; b=2'],
  ['a=2; b=0; a=1', 'all', 'a=2; a=1; b=0'],
  ['b=2;a=1;;', listed, 'a=1'],
  ['$Version=1; a=x=y; $Path=/', 'all', 'a=x=y'],
  ['A=1; b=2', listed, ''],
  ['a=1; b=2; d=3', others, 'b=2; d=3'],
  ['a=', listed, 'a='],
  ['a=1; nonsense', 'all', ''],
  ['=1; a=1', 'all', ''],
  [undefined, 'all', ''],
])('of the cookies %j is selected by %s %j', (header, chosen, selected) => {
  expect(selectCookies(header, chosen as Parameters<typeof selectCookies>[1])).toBe(selected);
});

test.each([
  ['all', [], 'b=1'],
  ['allExcept', ['a'], 'b=1'],
  ['whitelist', ['b', 'CloudFront-Expires'], 'CloudFront-Expires=1; b=1'],
  ['none', [], ''],
] as const)('by %s %j the cookies of a signature are left out unless named', (behavior, names, selected) => {
  expect(selectCookies('b=1; CloudFront-Expires=1', chosenCookies(behavior, names))).toBe(selected);
});
