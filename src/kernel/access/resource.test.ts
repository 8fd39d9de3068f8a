import { describe, expect, test } from 'vitest';
import { coversUrl, parseCookieResource, parseUrlResource } from './resource.ts';

const HLS = 'https://d111.cloudfront.net/hls/720p/seg1.ts';

describe('in a signed URL', () => {
  test.each([
    ['a resource left out', undefined, HLS],
    ['a lone *', '*', `${HLS}?x=1`],
    ['the URL itself', HLS, HLS],
    ['* at the end of the path, also for a query', 'https://d111.cloudfront.net/hls/*', `${HLS}?x=1`],
    ['* in the middle of the path, over folders', 'https://d111.cloudfront.net/*.ts', HLS],
    ['? for one character each', '*://*/vod/??.mp4', 'http://any.example/vod/01.mp4'],
    ['any protocol', '*://d111.cloudfront.net/hls/*', HLS],
    ['http* for both protocols', 'http*://d111.cloudfront.net/hls/*', HLS],
    ['no protocol before a domain with *', '*cloudfront.net/hls/*', HLS],
    ['* at the end of the domain, for any path and query', 'https://d111.*', `${HLS}?x=1`],
    ['? as the mark of the query', 'https://h/a.mp4?lang=*', 'https://h/a.mp4?lang=en'],
    ['\\? as the mark of the query', 'https://h/a.mp4\\?lang=en', 'https://h/a.mp4?lang=en'],
    ['wildcards before a mark', 'https://h/??.mp4?x=1', 'https://h/01.mp4?x=1'],
    ['a domain in other letter case', 'https://D111.CloudFront.net/hls/*', HLS],
  ])('%s covers', (_, resource, url) => expect(coversUrl(parseUrlResource(resource), url)).toBe(true));

  test.each([
    ['another path', 'https://d111.cloudfront.net/vod/*', HLS],
    ['another protocol', 'http://d111.cloudfront.net/hls/*', HLS],
    ['a longer domain', 'https://d111.cloudfront.net/hls/*', 'https://d111.cloudfront.net.evil.example/hls/a'],
    ['a domain smuggled into the path', 'https://*.good.example/hls/*', 'https://evil.example/x.good.example/hls/a'],
    ['a path smuggled into the query', 'https://h/*.m3u8', 'https://h/secret.mp4?.m3u8'],
    ['a query that the path does not end in * for', 'https://h/a.mp4', 'https://h/a.mp4?x=1'],
    ['a query left out', 'https://h/a.mp4?x=1', 'https://h/a.mp4'],
    ['two characters for one ?', 'https://h/?.mp4', 'https://h/01.mp4'],
    ['no character for one ?', 'https://h/a?.mp4', 'https://h/a.mp4'],
    ['a path in other letter case', 'https://h/HLS/*', 'https://h/hls/a'],
    ['anything, by a resource that is no URL', 'hls/*', 'https://h/hls/a'],
    ['anything, by another protocol', 'rtmp://h/*', 'rtmp://h/a'],
    ['anything, by nothing', '', 'https://h/'],
  ])('%s is not covered', (_, resource, url) => expect(coversUrl(parseUrlResource(resource), url)).toBe(false));
});

describe('in signed cookies', () => {
  test.each([
    ['* runs over the whole URL', 'https://h/*.ts', 'https://h/a/b.ts', true],
    ['* covers a query too', 'https://h/a*', 'https://h/a.ts?x=1', true],
    ['a query must be covered', 'https://h/a.ts', 'https://h/a.ts?x=1', false],
    ['*:// is no form for cookies', '*://h/*', 'https://h/a', false],
    ['a lone * is no form for cookies', '*', 'https://h/a', false],
    ['a resource left out covers nothing', undefined, 'https://h/a', false],
  ])('%s', (_, resource, url, covered) => expect(coversUrl(parseCookieResource(resource), url)).toBe(covered));
});

test('a pattern of many wildcards is refused as quickly as any other', () => {
  const pattern = parseUrlResource(`https://h/${'*a'.repeat(200)}b`);
  const startedMs = performance.now();
  expect(coversUrl(pattern, `https://h/${'a'.repeat(8_000)}`)).toBe(false);
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});
