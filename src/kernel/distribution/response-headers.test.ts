import { describe, expect, test } from 'vitest';
import type { CorsConfig, ResponseHeadersPolicyConfig, SecurityHeadersConfig } from './model.ts';
import { type Asked, compileResponseHeaders, type Timing } from './response-headers.ts';
import { writeServerTiming } from './server-timing.ts';

const EMPTY: ResponseHeadersPolicyConfig = {
  ...{ name: 'x', comment: '', customHeadersConfig: [], removeHeadersConfig: [] },
};
const CORS: CorsConfig = {
  accessControlAllowOrigins: ['*'],
  accessControlAllowHeaders: [],
  accessControlAllowMethods: [],
  accessControlAllowCredentials: false,
  accessControlExposeHeaders: [],
  originOverride: false,
};

function shape(policy: Partial<ResponseHeadersPolicyConfig>, fields: string[], asked: Partial<Asked> = {}): string[] {
  const given = { origin: undefined, method: 'GET', isPreflight: false, ...asked };
  return compileResponseHeaders({ ...EMPTY, ...policy })(fields, given);
}

const cors = (config: Partial<CorsConfig>, fields: string[], asked: Partial<Asked> = {}) =>
  shape({ corsConfig: { ...CORS, ...config } }, fields, asked);

test('a policy that says nothing changes nothing', () => {
  expect(shape({}, ['A', '1', 'Server', 'x'])).toEqual(['A', '1', 'Server', 'x']);
});

describe('fields are taken away', () => {
  test('by name, whatever their case', () => {
    expect(shape({ removeHeadersConfig: ['x-a', 'B'] }, ['X-A', '1', 'b', '2', 'X-a', '3', 'C', '4'])).toEqual([
      'C',
      '4',
    ]);
  });

  test('but not those by which a message is read', () => {
    const fields = [
      'Content-Length',
      '1',
      'Via',
      'v',
      'X-Cache',
      'Hit',
      'X-Edge-A',
      'e',
      'X-Amz-Cf-Id',
      'i',
      'Date',
      'd',
    ];
    expect(shape({ removeHeadersConfig: fields.filter((_, at) => at % 2 === 0) }, fields)).toEqual(fields);
  });

  test('and may be added anew', () => {
    const policy = { removeHeadersConfig: ['A'], customHeadersConfig: [{ header: 'A', value: '2', override: false }] };
    expect(shape(policy, ['A', '1'])).toEqual(['A', '2']);
  });

  test('the name of the origin’s server makes room for ours', () => {
    expect(shape({ removeHeadersConfig: ['Server'] }, ['Server', 'x'])).toEqual(['Server', 'frontrow']);
  });
});

describe('pages of other origins', () => {
  test.each<[string, Partial<CorsConfig>, Partial<Asked>, string[]]>([
    ['all are let in', {}, { origin: 'https://a.example' }, ['Access-Control-Allow-Origin', '*']],
    ['all are let in, whoever asks', {}, {}, ['Access-Control-Allow-Origin', '*']],
    [
      'one that is named is let in by name',
      { accessControlAllowOrigins: ['https://a.example', 'https://*.b.example'] },
      { origin: 'https://x.b.example' },
      ['Vary', 'Origin', 'Access-Control-Allow-Origin', 'https://x.b.example'],
    ],
    [
      'one that is not named is told nothing',
      { accessControlAllowOrigins: ['https://a.example'] },
      { origin: 'https://b.example' },
      ['Vary', 'Origin'],
    ],
    [
      'who asks without a page is told nothing',
      { accessControlAllowOrigins: ['https://a.example'] },
      {},
      ['Vary', 'Origin'],
    ],
    [
      'all are let in with cookies, each by name',
      { accessControlAllowCredentials: true },
      { origin: 'https://a.example' },
      [
        ...['Vary', 'Origin', 'Access-Control-Allow-Origin', 'https://a.example'],
        ...['Access-Control-Allow-Credentials', 'true'],
      ],
    ],
    ['nobody’s page gets no cookies', { accessControlAllowCredentials: true }, { origin: 'null' }, ['Vary', 'Origin']],
    [
      'what leave is asked for is told when it is asked for',
      { accessControlAllowMethods: ['GET', 'PUT'], accessControlAllowHeaders: ['X-A'], accessControlMaxAgeSec: 60 },
      { origin: 'https://a.example', isPreflight: true },
      [
        ...['Access-Control-Allow-Origin', '*', 'Access-Control-Allow-Headers', 'x-a'],
        ...['Access-Control-Allow-Methods', 'GET, PUT', 'Access-Control-Max-Age', '60'],
      ],
    ],
    [
      'what may be read is told with the answer',
      { accessControlExposeHeaders: ['Age', 'ETag'], accessControlAllowMethods: ['ALL'] },
      { origin: 'https://a.example' },
      ['Access-Control-Allow-Origin', '*', 'Access-Control-Expose-Headers', 'Age, ETag'],
    ],
    [
      'all methods are named',
      { accessControlAllowMethods: ['ALL'] },
      { isPreflight: true },
      [
        ...['Access-Control-Allow-Origin', '*'],
        ...['Access-Control-Allow-Methods', 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT'],
      ],
    ],
  ])('%s', (_what, config, asked, fields) => {
    expect(cors(config, [], asked)).toEqual(fields);
  });

  test.each<[readonly string[], boolean, string | undefined, string | undefined]>([
    [['*'], false, 'x-a, authorization', '*'],
    [['*', 'Authorization'], false, undefined, '*, authorization'],
    [['*'], true, 'X-A, Authorization, x-a', 'x-a'],
    [['x-*-amz', 'B'], false, 'X-Some-Amz, x-amz, other', 'b, x-some-amz'],
    [['x-*'], false, 'y, bad name, x-\u00e4', undefined],
    [[], false, 'x-a', undefined],
  ])('of %j (with cookies: %s) those asked for, %s, are allowed as %s', (names, credentials, requested, allowed) => {
    const config = { accessControlAllowHeaders: names, accessControlAllowCredentials: credentials };
    const fields = cors(config, [], { origin: 'https://a.example', isPreflight: true, requestedHeaders: requested });
    const at = fields.indexOf('Access-Control-Allow-Headers');
    expect(at < 0 ? undefined : fields[at + 1]).toBe(allowed);
  });

  test('an origin that speaks of pages is left alone', () => {
    const fields = ['access-control-max-age', '5'];
    expect(cors({}, fields, { origin: 'https://a.example' })).toEqual(fields);
  });

  test('with override the origin’s word on what the policy says gives way, its other words stand', () => {
    const fields = ['Access-Control-Allow-Origin', 'https://o.example', 'Access-Control-Expose-Headers', 'X'];
    expect(cors({ originOverride: true }, fields)).toEqual([
      ...['Access-Control-Expose-Headers', 'X', 'Access-Control-Allow-Origin', '*'],
    ]);
  });

  test('with override an origin cannot let in whom the policy does not', () => {
    const fields = ['Access-Control-Allow-Origin', '*', 'Access-Control-Allow-Credentials', 'true'];
    const config = { originOverride: true, accessControlAllowOrigins: ['https://a.example'] };
    expect(cors(config, fields, { origin: 'https://b.example' })).toEqual(['Vary', 'Origin']);
  });

  test('caches are told once that the page matters', () => {
    const config = { accessControlAllowOrigins: ['https://a.example'] };
    expect(cors(config, ['Vary', 'Accept-Encoding, origin'])).toEqual(['Vary', 'Accept-Encoding, origin']);
    expect(cors(config, ['Vary', 'X'])).toEqual(['Vary', 'X', 'Vary', 'Origin']);
  });
});

describe('what browsers shall be careful about', () => {
  test.each<[SecurityHeadersConfig, string[]]>([
    [{ contentTypeOptions: { override: true } }, ['X-Content-Type-Options', 'nosniff']],
    [{ frameOptions: { frameOption: 'DENY', override: true } }, ['X-Frame-Options', 'DENY']],
    [{ referrerPolicy: { referrerPolicy: 'origin', override: true } }, ['Referrer-Policy', 'origin']],
    [
      { contentSecurityPolicy: { contentSecurityPolicy: "default-src 'self'", override: true } },
      ['Content-Security-Policy', "default-src 'self'"],
    ],
    [
      {
        strictTransportSecurity: {
          accessControlMaxAgeSec: 5,
          includeSubdomains: false,
          preload: false,
          override: true,
        },
      },
      ['Strict-Transport-Security', 'max-age=5'],
    ],
    [
      {
        strictTransportSecurity: { accessControlMaxAgeSec: 5, includeSubdomains: true, preload: true, override: true },
      },
      ['Strict-Transport-Security', 'max-age=5; includeSubDomains; preload'],
    ],
    [{ xssProtection: { protection: false, modeBlock: false, override: true } }, ['X-XSS-Protection', '0']],
    [{ xssProtection: { protection: true, modeBlock: false, override: true } }, ['X-XSS-Protection', '1']],
    [{ xssProtection: { protection: true, modeBlock: true, override: true } }, ['X-XSS-Protection', '1; mode=block']],
    [
      { xssProtection: { protection: true, modeBlock: false, reportUri: 'https://r.example/', override: true } },
      ['X-XSS-Protection', '1; report=https://r.example/'],
    ],
    [{ contentSecurityPolicy: { contentSecurityPolicy: 'a\r\nSet-Cookie: b=1', override: true } }, []],
  ])('%j becomes %j', (securityHeadersConfig, fields) => {
    expect(shape({ securityHeadersConfig }, [])).toEqual(fields);
  });

  test.each([
    [true, ['X', '1'], ['X', '2']],
    [false, ['x', '1'], ['x', '1']],
    [true, [], ['X', '2']],
    [false, [], ['X', '2']],
  ])('with override %s, beside %j it is %j', (override, fields, shaped) => {
    expect(shape({ customHeadersConfig: [{ header: 'X', value: '2', override }] }, fields)).toEqual(shaped);
    const frame = fields.map((text) => (text === '1' ? 'DENY' : 'X-Frame-Options'));
    const securityHeadersConfig: SecurityHeadersConfig = { frameOptions: { frameOption: 'SAMEORIGIN', override } };
    expect(shape({ securityHeadersConfig }, frame)[1]).toBe(shaped[1] === '2' ? 'SAMEORIGIN' : 'DENY');
  });
});

test('a field of the operator’s may be empty, but not break the message', () => {
  const customHeadersConfig = [
    { header: 'X-Empty', value: '', override: false },
    { header: 'X-Bad', value: 'a\r\nb', override: true },
    { header: 'bad name', value: 'a', override: true },
    { header: 'Content-Length', value: '7', override: true },
    { header: 'Transfer-Encoding', value: 'chunked', override: true },
  ];
  expect(shape({ customHeadersConfig }, ['Content-Length', '1'])).toEqual(['Content-Length', '1', 'X-Empty', '']);
});

describe('times', () => {
  const on = { serverTimingHeadersConfig: { enabled: true, samplingRate: 50 } };
  const timing = (given: Partial<Timing>) => ({
    timing: { isWanted: false, draw: 99, isHit: false, metrics: () => 'cdn-cache-miss', ...given },
  });
  const OURS = ['Server-Timing', 'cdn-cache-miss'];
  const THEIRS = ['Server-Timing', 'db;dur=5'];
  test.each<[string, Partial<ResponseHeadersPolicyConfig>, Partial<Timing>, string[]]>([
    ['are told when the lot falls', on, { draw: 49.9 }, [...THEIRS, ...OURS]],
    ['are not told when it does not', on, { draw: 50 }, THEIRS],
    ['are told to whoever wants them', on, { isWanted: true }, [...THEIRS, ...OURS]],
    ['of a hit are without the origin’s', on, { draw: 0, isHit: true }, OURS],
    ['are not told where that is off', {}, { isWanted: true }, THEIRS],
    [
      'are never told at a rate of 0',
      { serverTimingHeadersConfig: { enabled: true, samplingRate: 0 } },
      { draw: 0 },
      THEIRS,
    ],
  ])('%s', (_what, policy, given, fields) => {
    expect(shape(policy, THEIRS, timing(given))).toEqual(fields);
  });

  test('are written as CloudFront names them', () => {
    const facts = { edgeId: 'edge-"1"', exchangeId: 'x1' };
    expect(writeServerTiming({ outcome: 'hit', ...facts, firstByteMs: 1.4 })).toBe(
      'cdn-cache-hit,cdn-pop;desc="edge-_1_",cdn-rid;desc="x1",cdn-hit-layer;desc="EDGE",cdn-downstream-fbl;dur=1',
    );
    expect(writeServerTiming({ outcome: 'miss', ...facts, upstreamFirstByteMs: 20 })).toBe(
      'cdn-cache-miss,cdn-pop;desc="edge-_1_",cdn-rid;desc="x1",cdn-upstream-fbl;dur=20',
    );
  });
});
