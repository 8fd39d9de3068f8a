import { expect, test } from 'vitest';
import { covers, parseTarget } from './target.ts';

function isCovered(text: string, key: string, tags: readonly string[] = []): boolean {
  const target = parseTarget(text);
  if (!target) throw new Error(`${text} is no target`);
  return covers(target, { key, tags });
}

test.each<[string, string, boolean]>([
  // A path is that path, with its query as given.
  ['/a', '/a', true],
  ['/a', '/a/', false],
  ['/a', '/A', false],
  ['/a', '/a?b=c', false],
  ['/a?b=c', '/a?b=c', true],
  ['/a?b=c&d=e', '/a?d=e&b=c', false],
  ['/images/', '/images/x.jpg', false],
  // In all its variants, parts and codings.
  ['/a', '/a\nabc\naccept-language:=de', true],
  ['/a', '/a\nrange=bytes=0-1', true],
  ['/a', '/ab\nrange=bytes=0-1', false],
  // Spellings of one path are one.
  ['/%7euser', '/~user', true],
  ['/~user', '/%7Euser', true],
  ['/a%2fb', '/a%2Fb', true],
  ['/a%2Fb', '/a/b', false],
  ['/caf%c3%a9', '/caf\u00c3\u00a9', true],
  ['/caf\u00e9', '/caf%C3%A9', true],
  ['/%zz', '/%zz', true],
  // A star stands for anything, wherever it is.
  ['/a/*', '/a/b/c.m4s?d=e', true],
  ['/a/*', '/a/', true],
  ['/a/*', '/a', false],
  ['/a*', '/a?b=c', true],
  ['/a*', '/a\nrange=bytes=0-1', true],
  ['/*.m3u8', '/live/1/index.m3u8', true],
  ['/*.m3u8', '/live/1/index.m3u8?x', false],
  ['/live/*/index.m3u8', '/live/1/720p/index.m3u8', true],
  ['/live/*/index.m3u8', '/live/index.m3u8', false],
  ['/a*b*b', '/abb', true],
  ['/a*b*b', '/ab', false],
  ['/a*bc*c', '/abc', false],
  ['/a**b', '/ab', true],
  // What is a star in a path, too.
  ['/a*b', '/a*b', true],
  ['/a%2Ab', '/axb', false],
  ['/a?*', '/a?', true],
  ['/a?*', '/ab', false],
  ['/*', '/anything\nat all', true],
])('%s covers %j: %s', (text, key, expected) => {
  expect(isCovered(text, key)).toBe(expected);
});

test.each<[string, string, boolean]>([
  ['@ds_1/a', '@ds_1/a', true],
  ['@ds_1/a', '@ds_2/a', false],
  ['@ds_1/a', '/a', false],
  ['/a', '@ds_1/a', false],
  ['@ds_1/a/*', '@ds_1/a/b', true],
  ['@ds_1/*/b', '@ds_1/a/b', true],
  ['@ds_1/*/b', '@ds_2/a/b', false],
  ['@ds_1/*', '@ds_1/a\nof one variant', true],
  ['@ds_1/*', '/a', false],
  ['@default/*', '/a', true],
  ['@default/*', '@default/a', true],
  ['@default/*', '@ds_1/a', false],
  ['@default/a/*', '/a/b', true],
  ['@default/a/*', '@default/a/b', true],
  ['@default#news', '@default/a', true],
  ['@default#news', '/a', true],
  ['@default#news', '@ds_1/a', false],
  ['/*', '@ds_1/a', true],
  ['@ds_1#news', '@ds_1/a', true],
  ['@ds_1#news', '/a', false],
  ['#news', '@ds_1/a', false],
])('%s covers %j, tagged news: %s', (text, key, expected) => {
  expect(isCovered(text, key, ['news'])).toBe(expected);
  // As it stands in the journal.
  expect(isCovered(parseTarget(text)?.text ?? '', key, ['news'])).toBe(expected);
});

test.each<[string, boolean]>([
  ['#News', true],
  ['#new', false],
  ['#sport', false],
])('%s covers what is tagged news: %s', (text, expected) => {
  expect(isCovered(text, '/news', ['news', 'world'])).toBe(expected);
});

test.each([
  '',
  'a',
  'http://a/b',
  '/a b',
  '/a\n',
  '/a#b',
  '#',
  '#a b',
  '#a,b',
  `#${'x'.repeat(257)}`,
  `/${'x'.repeat(4_000)}`,
])('%j is no target', (text) => {
  expect(parseTarget(text)).toBeUndefined();
});

test.each([
  ['/*', 'all', '/*'],
  ['/**', 'all', '/*'],
  ['/%61', 'path', '/a'],
  ['#A', 'tag', '#a'],
  ['/a/*', 'pattern', '/a/*'],
])('%s is %s, written %s', (text, kind, written) => {
  expect(parseTarget(text)).toMatchObject({ kind, text: written });
});

test('a pattern of many stars takes no longer than it must', () => {
  const from = performance.now();
  expect(isCovered(`/${'a*'.repeat(1_900)}b`, `/${'a'.repeat(8_000)}`)).toBe(false);
  expect(performance.now() - from).toBeLessThan(1_000);
});
