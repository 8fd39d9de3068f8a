import { expect, test } from 'vitest';
import { addVary, codedFields, isCompressible, readAcceptEncoding, weakTag } from './coding.ts';

test.each([
  ['gzip, deflate, br, zstd', 'br', 'br, zstd, gzip'],
  ['zstd, gzip', 'zstd', 'zstd, gzip'],
  ['gzip', 'gzip', 'gzip'],
  ['GZIP', 'gzip', 'gzip'],
  ['x-gzip', 'gzip', 'gzip'],
  [' gzip ;\tq=0.5 ,, br; q=0.4', 'gzip', 'br, gzip'],
  ['br;q=1.000, gzip;q=1', 'br', 'br, gzip'],
  ['br;q=0, gzip', 'gzip', 'gzip'],
  ['*', 'br', 'br, zstd, gzip'],
  ['br;q=0, *', 'zstd', 'zstd, gzip'],
  ['gzip, *;q=0', 'gzip', 'gzip'],
  ['*;q=0.5, zstd', 'zstd', 'br, zstd, gzip'],
  ['gzip, gzip;q=0', 'gzip', 'gzip'],
  ['identity, gzip', 'gzip', 'gzip'],
  ['identity;q=0, gzip;q=0.1', 'gzip', 'gzip'],
])('of %s the coding is %s, and an origin is told %s', (value, coding, told) => {
  expect(readAcceptEncoding(value)).toEqual({ coding, told });
});

test.each([
  [undefined],
  [''],
  ['identity'],
  ['deflate, compress'],
  ['*;q=0'],
  ['identity;q=1, *;q=0'],
  ['identity, gzip;q=0.5'],
  ['gzip;q=0, br;q=0.000'],
  ['identity;q=0'],
  // What cannot be read means nothing, also where some of it could be.
  ['br, gzip;q=2'],
  ['gzip;q=0.1234'],
  ['gzip;q=-1'],
  ['gzip;q='],
  ['gzip;level=9'],
  ['gzip;q=1;q=1'],
  ['br gzip'],
  ['br, "gzip"'],
  ['gzip\u0000'],
  [`gzip${' '.repeat(300)}`],
  [',gzip'.repeat(100)],
])('%j asks for no coding, and an origin is told so', (value) => {
  expect(readAcceptEncoding(value)).toEqual({ coding: undefined, told: 'identity' });
});

const HTML = ['Content-Type', 'text/html'];

test.each([
  ['text/html; charset=utf-8', true],
  ['TEXT/VTT', true],
  ['application/vnd.apple.mpegurl', true],
  ['application/dash+xml', true],
  ['application/ld+json;profile="a"', true],
  ['application/json', true],
  ['image/svg+xml', true],
  ['font/ttf', true],
  ['font/woff2', false],
  ['text/event-stream', false],
  ['video/mp4', false],
  ['video/mp2t', false],
  ['video/iso.segment', false],
  ['audio/aac', false],
  ['image/jpeg', false],
  ['application/octet-stream', false],
  ['application/zip', false],
  ['', false],
  ['json', false],
])('a body of type %j is compressible: %s', (type, expected) => {
  expect(isCompressible({ status: 200, fields: ['content-type', type] }, 5_000)).toBe(expected);
});

test.each<[string, number, string[], number | undefined, boolean]>([
  ['is plain', 200, [], 1_000, true],
  ['does not say how long it is', 200, [], undefined, true],
  ['is too small', 200, [], 999, false],
  ['is as large as may be', 200, [], 10_000_000, true],
  ['is too large', 200, [], 10_000_001, false],
  ['is empty', 200, [], 0, false],
  ['is an absence', 404, [], 5_000, false],
  ['is a redirection', 301, [], 5_000, false],
  ['is coded already', 200, ['Content-Encoding', 'gzip'], 5_000, false],
  ['says that it is not', 200, ['Content-Encoding', 'identity'], 5_000, false],
  ['must not be changed', 200, ['Cache-Control', 'max-age=60, No-Transform'], 5_000, false],
  ['must not be changed by us', 200, ['CDN-Cache-Control', 'no-transform'], 5_000, false],
  ['names it as a word of another kind', 200, ['Cache-Control', 'a="no-transform"'], 5_000, true],
  ['was chosen by its origin', 200, ['Vary', 'Origin, accept-encoding'], 5_000, false],
  ['varies by something else', 200, ['Vary', 'Origin'], 5_000, true],
  ['claims a place', 200, ['Content-Range', 'bytes 0-9/5000'], 5_000, false],
  ['is part of one that is', 206, ['Content-Range', 'bytes 0-9/5000'], 10, true],
  ['is part of a small one', 206, ['Content-Range', 'bytes 0-9/500'], 10, false],
  ['is part of who knows what', 206, ['Content-Range', 'bytes 0-9/*'], 10, false],
])('a text that %s', (_what, status, fields, sizeBytes, expected) => {
  expect(isCompressible({ status, fields: [...HTML, ...fields] }, sizeBytes)).toBe(expected);
});

test('without a type nothing is compressible', () => {
  expect(isCompressible({ status: 200, fields: [] }, 5_000)).toBe(false);
});

test.each([
  ['"x"', 'W/"x"'],
  ['W/"x"', 'W/"x"'],
  ['""', 'W/""'],
  ['x', undefined],
  ['w/"x"', undefined],
  ['"x', undefined],
  [undefined, undefined],
])('the tag of a coded %s is %s', (etag, weak) => {
  expect(weakTag(etag)).toBe(weak);
});

test('what describes the bytes as they were does not go with a coding', () => {
  const fields = [
    'Content-Type',
    'text/css',
    'etag',
    '"x"',
    'Content-MD5',
    'a',
    'Repr-Digest',
    'b',
    'Last-Modified',
    'c',
  ];
  const kept = ['Content-Type', 'text/css', 'Last-Modified', 'c', 'ETag', 'W/"x"'];
  expect(codedFields([...fields, 'Accept-Ranges', 'bytes'])).toEqual(kept);
  expect(codedFields(['ETag', 'unquoted'])).toEqual([]);
});

test('that it varies is added to what it varies by', () => {
  const fields = ['vary', 'Origin', 'Server', 'vary'];
  addVary(fields);
  expect(fields).toEqual(['vary', 'Origin, Accept-Encoding', 'Server', 'vary']);
  const none: string[] = [];
  addVary(none);
  expect(none).toEqual(['Vary', 'Accept-Encoding']);
});
