import { expect, test } from 'vitest';
import { parseUrlList } from './url-list.ts';

test('servers are read in their order, with commas and blanks between them', () => {
  expect(parseUrlList(' http://a:1 ,https://b', 'NAME')).toEqual(['http://a:1', 'https://b']);
  expect(parseUrlList('', 'NAME')).toEqual([]);
});

test.each(['ftp://a', 'a', 'http://', 'http://a, b', 'http://user:secret-word@a', 'http://:secret-word@a'])(
  '%j is refused, and not repeated',
  (text) => {
    expect(() => parseUrlList(text, 'NAME')).toThrow(/^NAME must be http or https URLs/);
    expect(() => parseUrlList(text, 'NAME')).not.toThrow('secret-word');
  },
);

test('one server twice is refused', () => {
  expect(() => parseUrlList('http://a/,http://a', 'NAME')).toThrow('NAME names one server twice');
});
