import { expect, test } from 'vitest';
import { MANAGED_CACHE_POLICIES, MANAGED_ORIGIN_REQUEST_POLICIES } from './managed-policies.ts';
import { compileViewerHeaders, mayBeKeyed, namedViewerFields, type ViewerKnowledge } from './viewer-headers.ts';

const VIEWER: ViewerKnowledge = {
  userAgent: 'Mozilla/5.0 (Linux; Android 14; Pixel 8) Mobile Safari/537.36',
  address: '198.51.100.10',
  port: 46_532,
  place: {
    ...{ country: 'BR', region: 'SP', city: 'São Paulo', latitude: -23.547_567, longitude: -46.636_1 },
    ...{ timeZone: 'America/Sao_Paulo', asn: 64_500, asName: 'Example' },
  },
  httpVersion: '2.0',
  scheme: 'https',
  tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', handshake: 'fullHandshake' },
  rawHeaders: ['Host', 'h', 'User-Agent', 'u', 'Accept', '*/*'],
};

function fieldFor(name: string, viewer: Partial<ViewerKnowledge> = {}): string | undefined {
  return compileViewerHeaders([name])({ ...VIEWER, ...viewer }).get(name.toLowerCase());
}

test.each([
  ['CloudFront-Is-Android-Viewer', 'true'],
  ['CloudFront-Is-Desktop-Viewer', 'false'],
  ['CloudFront-Is-IOS-Viewer', 'false'],
  ['CloudFront-Is-Mobile-Viewer', 'true'],
  ['CloudFront-Is-SmartTV-Viewer', 'false'],
  ['CloudFront-Is-Tablet-Viewer', 'false'],
  ['CloudFront-Viewer-Address', '198.51.100.10:46532'],
  ['CloudFront-Viewer-ASN', '64500'],
  ['CloudFront-Viewer-Country', 'BR'],
  ['CloudFront-Viewer-Country-Name', 'Brazil'],
  ['CloudFront-Viewer-Country-Region', 'SP'],
  ['CloudFront-Viewer-City', 'S%C3%A3o Paulo'],
  ['CloudFront-Viewer-Latitude', '-23.5476'],
  ['CloudFront-Viewer-Longitude', '-46.6361'],
  ['CloudFront-Viewer-Time-Zone', 'America/Sao_Paulo'],
  ['CloudFront-Viewer-Http-Version', '2.0'],
  ['CloudFront-Viewer-Header-Count', '3'],
  ['CloudFront-Viewer-Header-Order', 'Host:User-Agent:Accept'],
  ['CloudFront-Viewer-TLS', 'TLSv1.3:TLS_AES_128_GCM_SHA256:fullHandshake'],
  ['CloudFront-Forwarded-Proto', 'https'],
  ['CloudFront-Viewer-JA3-Fingerprint', undefined],
  ['CloudFront-Viewer-Postal-Code', undefined],
  ['constructor', undefined],
])('%s is %s', (name, value) => {
  expect(fieldFor(name)).toBe(value);
});

test('what is not known is not there', () => {
  const names = MANAGED_ORIGIN_REQUEST_POLICIES['33f36d7e-f396-46d9-90e0-52428a34d9dc']?.headersConfig.headers ?? [];
  const { tls: _tls, ...bare } = { ...VIEWER, place: undefined, port: undefined };
  const values = compileViewerHeaders(names)(bare);
  expect([...values.keys()].filter((name) => !name.startsWith('cloudfront-is-'))).toEqual([
    ...['cloudfront-forwarded-proto', 'cloudfront-viewer-http-version'],
  ]);
});

test('a country that no list has goes without a name', () => {
  expect(fieldFor('CloudFront-Viewer-Country-Name', { place: { country: 'XX' } })).toBeUndefined();
});

test('half a character does not end the request', () => {
  expect(fieldFor('CloudFront-Viewer-City', { place: { country: 'DE', city: 'a\ud800' } })).toBe('a%EF%BF%BD');
});

test('the order of very many fields is cut off', () => {
  const rawHeaders = Array.from({ length: 4_000 }, () => 'abcd');
  expect(fieldFor('CloudFront-Viewer-Header-Order', { rawHeaders })).toHaveLength(7_680);
});

test('the fields of both policies are named once, as they are spelt first', () => {
  const amplify = MANAGED_CACHE_POLICIES['2e54312d-136d-493c-8eb9-b001f22f67d2'];
  const all = MANAGED_ORIGIN_REQUEST_POLICIES['33f36d7e-f396-46d9-90e0-52428a34d9dc'];
  if (!amplify || !all) throw new Error('a managed policy is missing');
  expect(namedViewerFields(amplify, undefined)).toEqual(['CloudFront-Viewer-Country']);
  expect(namedViewerFields(amplify, all)).toHaveLength(21);
});

test('what is each viewer’s own may not be in a key', () => {
  expect(mayBeKeyed('CloudFront-Viewer-Address')).toBe(false);
  expect(mayBeKeyed('CloudFront-Viewer-Country')).toBe(true);
});
