import { expect, test } from 'vitest';
import { compileHosts, isAlias } from './hosts.ts';

const find = compileHosts({
  one: ['www.example.com', '*.example.com'],
  two: ['*.deep.example.com', 'example.org', '*.com'],
  three: ['www.example.com', 'localhost'],
});

test.each([
  ['www.example.com', 'one'],
  ['WWW.Example.COM', 'one'],
  ['www.example.com:8080', 'one'],
  ['www.example.com.', 'one'],
  ['www.example.com.:443', 'one'],
  ['a.example.com', 'one'],
  ['a.b.example.com', 'one'],
  ['a.deep.example.com', 'two'],
  ['deep.example.com', 'one'],
  ['example.com', 'two'],
  ['example.org', 'two'],
  ['www.example.org', undefined],
  ['notexample.org', undefined],
  ['com', undefined],
  ['.com', undefined],
  ['localhost:8090', 'three'],
  ['[::1]:8090', undefined],
  ['127.0.0.1', undefined],
  ['', undefined],
])('the host %j is that of %s', (host, id) => {
  expect(find(host)).toBe(id);
});

test('where nobody has an alias no host is found', () => {
  expect(compileHosts({ one: [] })('example.com')).toBeUndefined();
});

test.each([
  ['example.com', true],
  ['*.example.com', true],
  ['localhost', true],
  ['xn--bcher-kva.example', true],
  ['a-b.example', true],
  [`${'a'.repeat(63)}.example`, true],
  [`${'a'.repeat(64)}.example`, false],
  [`${'a.'.repeat(126)}ab`, false],
  ['Example.com', false],
  ['*', false],
  ['*.', false],
  ['a.*.example.com', false],
  ['a*.example.com', false],
  ['example.com.', false],
  ['-a.example', false],
  ['a..example', false],
  ['example.com:80', false],
  ['127.0.0.1', false],
  ['[::1]', false],
  ['bücher.example', false],
  ['', false],
])('%j is an alias: %s', (text, is) => {
  expect(isAlias(text)).toBe(is);
});
