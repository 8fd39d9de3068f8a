import { expect, test } from 'vitest';
import { tagsOf, withoutTags } from './cache-tags.ts';

test.each<[string, string[], string[]]>([
  ['none', ['Content-Type', 'text/css'], []],
  ['with commas', ['Cache-Tag', 'news, sport ,,weather'], ['news', 'sport', 'weather']],
  ['with blanks', ['Surrogate-Key', 'post/1  user/7\tall'], ['post/1', 'user/7', 'all']],
  [
    'in several lines',
    ['cache-tag', 'a', 'Cache-Tag', 'b', 'Surrogate-Key', 'c', 'Surrogate-Key', 'd e'],
    [...'abcde'],
  ],
  ['in any case, each once', ['Cache-Tag', 'News,NEWS', 'Surrogate-Key', 'news'], ['news']],
  ['with what is no tag', ['Cache-Tag', 'two words,caf\u00e9,good'], ['good']],
  ['too long to be one', ['Cache-Tag', `${'x'.repeat(257)},${'y'.repeat(256)}`], ['y'.repeat(256)]],
])('tags of an answer: %s', (_what, fields, tags) => {
  expect(tagsOf(fields)).toEqual(tags);
});

test('of thousands of tags the first 128 count', () => {
  const names = Array.from({ length: 5_000 }, (_, at) => `t${at}`);
  expect(tagsOf(['Cache-Tag', names.join()])).toEqual(names.slice(0, 128));
});

test('what goes on to viewers has no tags in it, and is the same list where there were none', () => {
  expect(withoutTags(['A', '1', 'CACHE-TAG', 'x', 'surrogate-key', 'y', 'B', '2'])).toEqual(['A', '1', 'B', '2']);
  const plain = ['A', '1'];
  expect(withoutTags(plain)).toBe(plain);
});
