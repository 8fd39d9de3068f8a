import { expect, test } from 'vitest';
import { judgeProtocol, redirectionFor } from './viewer-protocol.ts';

test.each([
  ['allow-all', 'http', 'GET', '1.1', undefined],
  ['redirect-to-https', 'https', 'POST', '1.1', undefined],
  ['https-only', 'https', 'GET', '1.0', undefined],
  ['redirect-to-https', 'http', 'GET', '1.1', 301],
  ['redirect-to-https', 'http', 'GET', '1.0', 301],
  ['redirect-to-https', 'http', 'HEAD', '2.0', 301],
  ['redirect-to-https', 'http', 'POST', '1.1', 307],
  ['redirect-to-https', 'http', 'OPTIONS', '2.0', 307],
  ['redirect-to-https', 'http', 'DELETE', '1.0', 403],
  ['https-only', 'http', 'GET', '1.1', 403],
  ['https-only', 'http', 'POST', '1.0', 403],
] as const)('with %s, by %s %s in HTTP/%s: %s', (policy, scheme, method, httpVersion, status) => {
  expect(judgeProtocol(policy, { scheme, method, httpVersion, host: 'h' })).toBe(status);
});

test('who names no host cannot be sent anywhere', () => {
  expect(judgeProtocol('redirect-to-https', { scheme: 'http', method: 'GET', httpVersion: '1.0', host: '' })).toBe(403);
});

test.each([
  ['example.com', '/a/b?c=%20d', undefined, 'https://example.com/a/b?c=%20d'],
  ['example.com:8090', '/', undefined, 'https://example.com/'],
  ['example.com:8090', '/', 8443, 'https://example.com:8443/'],
  ['[::1]:8090', '/', 443, 'https://[::1]/'],
  ['example.com', '//evil.example/', undefined, 'https://example.com//evil.example/'],
])('%s%s is redirected (port %s) to %s', (host, target, port, location) => {
  expect(redirectionFor(301, host, target, port).location).toBe(location);
});

test('the page that comes with it is the one clients know, under our name', () => {
  const { body, contentType } = redirectionFor(301, 'h', '/');
  expect(contentType).toBe('text/html');
  // CloudFront's is 167 bytes, and its name is two letters longer.
  expect(body).toHaveLength(167 - 'CloudFront'.length + 'frontrow'.length);
  expect(body).toMatch(/^<html>\r\n<head><title>301 Moved Permanently<\/title><\/head>\r\n[\s\S]*<\/html>\r\n$/);
  expect(redirectionFor(307, 'h', '/').body).toContain('307 Temporary Redirect');
});
