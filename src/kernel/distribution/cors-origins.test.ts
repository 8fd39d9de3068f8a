import { expect, test } from 'vitest';
import { compileOrigins, isOriginPattern } from './cors-origins.ts';

test.each([
  ['*', 'https://anything.example:1', true],
  ['https://example.org', 'https://example.org', true],
  ['https://example.org', 'http://example.org', false],
  ['https://example.org', 'https://example.org:8443', false],
  ['https://Example.org', 'https://example.org', true],
  ['https://example.org', 'https://example.org.evil.example', false],
  ['https://example.org', 'https://exampleXorg', false],
  ['http://*.example.org', 'http://www.example.org', true],
  ['http://*.example.org', 'http://a.b.example.org', true],
  ['http://*.example.org', 'http://example.org', false],
  ['http://*.example.org', 'http://evilexample.org', false],
  ['http://*.example.org', 'http://evil.example/.example.org', false],
  ['http://*.example.org', 'https://www.example.org', false],
  ['http://*.example.org', 'http://www.example.org:8080', false],
  ['*.example.org', 'https://www.example.org', true],
  ['*.example.org', 'http://www.example.org', true],
  ['*.example.org', 'http://www.example.org:8080', false],
  ['*.example.org', 'https://example.org', false],
  ['example.org', 'https://example.org', true],
  ['example.org', 'https://a.example.org', false],
  ['http://example.org:*', 'http://example.org:8080', true],
  ['http://example.org:*', 'http://example.org', true],
  ['http://example.org:1*3', 'http://example.org:123', true],
  ['http://example.org:1*3', 'http://example.org:13', true],
  ['http://example.org:1*3', 'http://example.org:124', false],
  ['http://*.example.org:8080', 'http://a.example.org:8080', true],
  ['https://example.org', 'null', false],
  ['https://example.*', 'https://example.org', false],
])('%s means %s: %s', (pattern, origin, fits) => {
  expect(compileOrigins([pattern])(origin)).toBe(fits);
});

test.each([
  ['*', true],
  ['https://example.org', true],
  ['http://*.example.org', true],
  ['*.example.org', true],
  ['http://example.org:*', true],
  ['http://example.org:1*3', true],
  ['http://localhost:3000', true],
  ['*test.example.org', false],
  ['test.*.example.org', false],
  ['exa*mple.org', false],
  ['example.*', false],
  ['https://example.org/', false],
  ['https://a b', false],
  ['', false],
])('%j names web origins: %s', (text, is) => {
  expect(isOriginPattern(text)).toBe(is);
});
