import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SCOPES } from '../../src/kernel/access/api-token.ts';
import { type CallInit, type ControlServer, EDGE, startControl } from '../harness/control-server.ts';
import { freshFolder, removeFolder } from '../harness/folder.ts';

const OPTIMIZED = '658327ea-f89d-4fab-a63d-7e88639e58f6';
const MINIMAL = {
  origins: [{ id: 'site', domainName: 'origin.example' }],
  defaultCacheBehavior: { targetOriginId: 'site' },
};

let folder: string;
let server: ControlServer;

beforeAll(async () => {
  folder = await freshFolder();
  server = await startControl({ folder });
});
afterAll(async () => {
  await server.stop();
  await removeFolder(folder);
});

interface Answer {
  readonly id: string;
  readonly type: string;
  readonly etag: string;
  readonly config: Record<string, unknown>;
  readonly warnings: { field: string; code: string; says: string }[];
  readonly secretAccessKey?: string;
}

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly errors?: { field: string; says: string }[];
}

async function json<T>(response: Response, status: number): Promise<T> {
  const body = await response.json();
  expect([response.status, body]).toEqual([status, expect.anything()]);
  return body as T;
}

interface Page {
  readonly items: Answer[];
  readonly nextCursor: string | null;
}

const list = async (path: string, query = '') => json<Page>(await server.call(`/v1/${path}${query}`), 200);
const make = async (path: string, config: object) =>
  json<Answer>(await server.call(`/v1/${path}`, { json: config }), 201);
const get = async (path: string) => json<Answer>(await server.call(`/v1/${path}`), 200);
const put = (path: string, config: object, ifMatch?: string) =>
  server.call(`/v1/${path}`, {
    method: 'PUT',
    json: config,
    ...(ifMatch === undefined ? {} : { headers: { 'if-match': ifMatch } }),
  });
const remove = (path: string, ifMatch?: string) =>
  server.call(`/v1/${path}`, {
    method: 'DELETE',
    ...(ifMatch === undefined ? {} : { headers: { 'if-match': ifMatch } }),
  });
const problem = async (response: Response) => {
  const { code } = (await response.json()) as Problem;
  return [response.status, code];
};

describe('a distribution', () => {
  test('of two fields is filled in as CloudFront does', async () => {
    const made = await make('distributions', MINIMAL);
    expect(made.config).toEqual({
      comment: '',
      enabled: true,
      aliases: [],
      defaultRootObject: '',
      origins: [
        {
          id: 'site',
          domainName: 'origin.example',
          originPath: '',
          customHeaders: [],
          connectionAttempts: 3,
          connectionTimeout: 10,
          customOriginConfig: {
            httpPort: 80,
            httpsPort: 443,
            originProtocolPolicy: 'match-viewer',
            originReadTimeout: 30,
            originKeepaliveTimeout: 5,
          },
        },
      ],
      originGroups: [],
      defaultCacheBehavior: {
        targetOriginId: 'site',
        viewerProtocolPolicy: 'allow-all',
        allowedMethods: ['GET', 'HEAD'],
        cachedMethods: ['GET', 'HEAD'],
        compress: true,
        cachePolicyId: OPTIMIZED,
        trustedKeyGroups: [],
      },
      cacheBehaviors: [],
      customErrorResponses: [],
      restrictions: { geoRestriction: { restrictionType: 'none', locations: [] } },
      tags: {},
    });
  });

  test('comes back as it was sent, by its Location, and goes at once', async () => {
    const full = {
      ...MINIMAL,
      aliases: ['www.round.example'],
      comment: 'round',
      originGroups: [],
      cacheBehaviors: [{ pathPattern: '/a/*', targetOriginId: 'site', compress: false }],
      customErrorResponses: [
        { errorCode: 404, responsePagePath: '/404.html', responseCode: 200, errorCachingMinTTL: 1 },
      ],
      restrictions: { geoRestriction: { restrictionType: 'whitelist', locations: ['CH', 'DE'] } },
      cacheTagConfig: { headerName: 'x-tags' },
      tags: { team: 'shop' },
    };
    const response = await server.call('/v1/distributions', { json: full });
    const location = response.headers.get('location') ?? '';
    const made = await json<Answer>(response, 201);
    expect(response.headers.get('etag')).toBe(made.etag);
    expect(location).toBe(`/v1/distributions/${made.id}`);
    const shown = await get(location.slice(4));
    expect(shown).toEqual(made);
    const again = await json<Answer>(await put(location.slice(4), shown.config, shown.etag), 200);
    expect(again.config).toEqual(made.config);
    expect(again.etag).not.toBe(made.etag);
    expect((await remove(location.slice(4), again.etag)).status).toBe(204);
    expect(await problem(await server.call(location))).toEqual([404, 'NOT_FOUND']);
  });

  test('names the field of each slip of its shape', async () => {
    const bad = { ...MINIMAL, aliases: 'x', enabledd: true, origins: [{ id: 'site', domain: 'x' }] };
    const { code, errors } = await json<Problem>(await server.call('/v1/distributions', { json: bad }), 400);
    expect(code).toBe('INVALID_REQUEST');
    expect(errors).toEqual([
      { field: 'body.enabledd', says: 'body.enabledd is not a field of this operation.' },
      { field: 'body.aliases', says: 'body.aliases must be array.' },
      { field: 'body.origins[0].domain', says: 'body.origins[0].domain is not a field of this operation.' },
    ]);
  });
});

describe('two operators', () => {
  test('who change one distribution do not lose what the other did', async () => {
    const made = await make('distributions', MINIMAL);
    const path = `distributions/${made.id}`;
    expect((await put(path, { ...MINIMAL, comment: 'first' }, made.etag)).status).toBe(200);
    expect(await problem(await put(path, { ...MINIMAL, comment: 'second' }, made.etag))).toEqual([
      412,
      'IF_MATCH_STALE',
    ]);
    expect((await get(path)).config.comment).toBe('first');
  });

  test.each([
    ['none', undefined, [428, 'IF_MATCH_MISSING']],
    ['an empty one', ' ', [428, 'IF_MATCH_MISSING']],
    ['a weak one', 'W/ETAG', [412, 'IF_MATCH_STALE']],
    ['another', '"0"', [412, 'IF_MATCH_STALE']],
  ])('cannot change or delete anything with %s in If-Match', async (_what, given, expected) => {
    const { id, etag } = await make('cache-policies', { name: crypto.randomUUID() });
    const ifMatch = given?.replace('ETAG', etag);
    expect(await problem(await put(`cache-policies/${id}`, { name: 'x' }, ifMatch))).toEqual(expected);
    expect(await problem(await remove(`cache-policies/${id}`, ifMatch))).toEqual(expected);
    expect((await get(`cache-policies/${id}`)).etag).toBe(etag);
  });

  test.each([
    ['without its quotes', (etag: string) => etag.replaceAll('"', '')],
    ['among others', (etag: string) => `"0", ${etag}`],
    ['as a star', () => '*'],
  ])('may send the ETag %s', async (_what, write) => {
    const { id, etag } = await make('cache-policies', { name: crypto.randomUUID() });
    expect((await remove(`cache-policies/${id}`, write(etag))).status).toBe(204);
  });
});

describe('a configuration that would not work', () => {
  test('is refused with every field that is wrong', async () => {
    const config = { ...MINIMAL, aliases: ['UPPER'], defaultCacheBehavior: { targetOriginId: 'none' } };
    const { code, detail, errors } = await json<Problem>(await server.call('/v1/distributions', { json: config }), 422);
    expect(code).toBe('CONFIGURATION_INVALID');
    expect(errors?.map(({ field }) => field)).toEqual(['body.aliases[0]', 'body.defaultCacheBehavior.targetOriginId']);
    expect(detail).toBe(errors?.[0]?.says);
  });

  test('is refused when it points at the edge itself', async () => {
    const { hostname, port } = new URL(EDGE);
    const customOriginConfig = { httpPort: Number(port), originProtocolPolicy: 'http-only' };
    const config = { ...MINIMAL, origins: [{ id: 'site', domainName: hostname, customOriginConfig }] };
    expect(await problem(await server.call('/v1/distributions', { json: config }))).toEqual([
      422,
      'CONFIGURATION_INVALID',
    ]);
  });

  test('leaves what was there as it was', async () => {
    const made = await make('distributions', MINIMAL);
    const path = `distributions/${made.id}`;
    expect(await problem(await put(path, { ...MINIMAL, aliases: ['UPPER'] }, made.etag))).toEqual([
      422,
      'CONFIGURATION_INVALID',
    ]);
    expect(await get(path)).toEqual(made);
  });

  test.each([
    ['distributions', { ...MINIMAL, tags: { 'a\nb': 'x' } }],
    ['distributions', { ...MINIMAL, origins: [] }],
    [
      'distributions',
      { ...MINIMAL, restrictions: { geoRestriction: { restrictionType: 'whitelist', locations: ['ch'] } } },
    ],
    ['cache-policies', { name: 'a b' }],
    ['cache-policies', { name: 'x', minTTL: -1 }],
    ['origin-access-controls', { name: 'x', accessKeyId: 'a/b' }],
    ['distributions/default/invalidations', { paths: ['a'] }],
    ['distributions/default/invalidations', { paths: ['/a b'] }],
    ['distributions/default/invalidations', { paths: ['#'] }],
    ['distributions/default/invalidations', { paths: [] }],
  ])('of the wrong shape is refused: %s %j', async (path, config) => {
    const { code, errors } = await json<Problem>(await server.call(`/v1/${path}`, { json: config }), 400);
    expect([code, errors?.length]).toEqual(['INVALID_REQUEST', 1]);
  });
});

describe('warnings', () => {
  test('come with the answer to whoever made or reads it, and are not in lists', async () => {
    const cacheBehaviors = [
      { pathPattern: '*.jpg', targetOriginId: 'site' },
      { pathPattern: '/a/*.jpg', targetOriginId: 'site' },
    ];
    const made = await make('distributions', { ...MINIMAL, cacheBehaviors });
    const codes = made.warnings.map(({ code }) => code);
    expect(codes).toEqual(['NO_ALIAS', 'PATH_PATTERN_SHADOWED', ...Array(3).fill('MIN_TTL_OVERRIDES_NO_STORE')]);
    expect((await get(`distributions/${made.id}`)).warnings).toEqual(made.warnings);
    const { items } = await list('distributions');
    expect(items.find(({ id }) => id === made.id)).not.toHaveProperty('warnings');
  });
});

describe('managed policies', () => {
  test.each([
    ['cache-policies', OPTIMIZED, 'Managed-CachingOptimized'],
    ['origin-request-policies', '216adef6-5c7f-47e4-b989-5492eafa07d3', 'Managed-AllViewer'],
    ['response-headers-policies', '60669652-455b-4ae9-85a4-c4c02393f86c', 'Managed-SimpleCORS'],
  ])('of %s are read under their ids and names, and cannot be changed', async (path, id, name) => {
    const shown = await get(`${path}/${id}`);
    expect(shown).toMatchObject({ id, type: 'managed', config: { name } });
    expect(shown).not.toHaveProperty('createdAt');
    const own = await make(path, { name: crypto.randomUUID() });
    const ids = async (query: string) => (await list(path, query)).items.map((each) => each.id);
    expect(await ids('?type=managed&limit=200')).toContain(id);
    expect(await ids('?type=managed&limit=200')).not.toContain(own.id);
    expect(await ids('?type=custom&limit=200')).not.toContain(id);
    expect(await ids('?type=custom&limit=200')).toContain(own.id);
    expect(await problem(await put(`${path}/${id}`, { name: 'mine' }, shown.etag))).toEqual([403, 'POLICY_MANAGED']);
    expect(await problem(await remove(`${path}/${id}`, shown.etag))).toEqual([403, 'POLICY_MANAGED']);
  });

  test('stand at the end of the pages', async () => {
    await make('cache-policies', { name: crypto.randomUUID() });
    const seen: Answer[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Page = await list('cache-policies', `?limit=2${cursor ? `&cursor=${cursor}` : ''}`);
      seen.push(...page.items);
      cursor = page.nextCursor;
    }
    const types = seen.map(({ type }) => type);
    expect(types).toEqual([...types].sort());
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    expect(types).toContain('custom');
  });
});

describe('what is in use', () => {
  test('cannot be deleted, and it is said who uses it', async () => {
    const key = await json<{ keyPairId: string }>(
      await server.call('/v1/signing-keys', { json: { algorithm: 'ECDSA' } }),
      201,
    );
    const name = crypto.randomUUID();
    const cache = await make('cache-policies', { name });
    const request = await make('origin-request-policies', { name });
    const response = await make('response-headers-policies', { name });
    const group = await make('key-groups', { name, items: [key.keyPairId] });
    const control = await make('origin-access-controls', { name, signingProtocol: 'edge' });
    const behavior = {
      targetOriginId: 'site',
      cachePolicyId: cache.id,
      originRequestPolicyId: request.id,
      responseHeadersPolicyId: response.id,
      trustedKeyGroups: [group.id],
    };
    const origins = [{ id: 'site', domainName: 'origin.example', originAccessControlId: control.id }];
    const user = await make('distributions', {
      origins,
      defaultCacheBehavior: behavior,
      cacheBehaviors: [{ pathPattern: '/a', ...behavior }],
    });
    const used: [string, Answer, string][] = [
      [
        'cache-policies',
        cache,
        `The cache policy ${cache.id} is in use by the distribution ${user.id} in defaultCacheBehavior.cachePolicyId and in 1 more place.`,
      ],
      [
        'origin-request-policies',
        request,
        `The origin request policy ${request.id} is in use by the distribution ${user.id} in defaultCacheBehavior.originRequestPolicyId and in 1 more place.`,
      ],
      [
        'response-headers-policies',
        response,
        `The response headers policy ${response.id} is in use by the distribution ${user.id} in defaultCacheBehavior.responseHeadersPolicyId and in 1 more place.`,
      ],
      [
        'key-groups',
        group,
        `The key group ${group.id} is in use by the distribution ${user.id} in defaultCacheBehavior.trustedKeyGroups[0] and in 1 more place.`,
      ],
      [
        'origin-access-controls',
        control,
        `The origin access control ${control.id} is in use by the distribution ${user.id} in origins[0].originAccessControlId.`,
      ],
    ];
    for (const [path, { id, etag }, sentence] of used) {
      const { code, detail } = await json<Problem>(await remove(`${path}/${id}`, etag), 409);
      expect([code, detail]).toEqual(['CONFIGURATION_IN_USE', sentence]);
    }
    await remove(`distributions/${user.id}`, user.etag);
    for (const [path, { id, etag }] of used) expect((await remove(`${path}/${id}`, etag)).status).toBe(204);
  });
});

describe('the distribution default', () => {
  test('is there, serves films, and cannot be deleted', async () => {
    const { config, etag, warnings } = await get('distributions/default');
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({ enabled: true, origins: [{ id: 'films', filmOriginConfig: {} }] });
    const patterns = (config.cacheBehaviors as { pathPattern: string }[]).map(({ pathPattern }) => pathPattern);
    expect(patterns).toEqual(expect.arrayContaining(['/assets/*/*.m3u8', '/assets/*/*.mpd', '/live/*']));
    expect(await problem(await remove('distributions/default', etag))).toEqual([403, 'DISTRIBUTION_BUILT_IN']);
  });

  test('takes a site beside films, keeps it over a restart, and keeps what films need', async () => {
    const before = await get('distributions/default');
    const config = {
      ...before.config,
      aliases: ['films.example'],
      origins: [...(before.config.origins as object[]), { id: 'site', domainName: 'site.example' }],
      cacheBehaviors: [...(before.config.cacheBehaviors as object[]), { pathPattern: '*', targetOriginId: 'site' }],
    };
    expect(await problem(await put('distributions/default', { ...config, enabled: false }, before.etag))).toEqual([
      422,
      'CONFIGURATION_INVALID',
    ]);
    const changed = await json<Answer>(await put('distributions/default', config, before.etag), 200);
    await server.stop();
    server = await startControl({ folder });
    expect(await get('distributions/default')).toEqual(changed);
    const back = await put('distributions/default', before.config, changed.etag);
    expect((await json<Answer>(back, 200)).config).toEqual(before.config);
  });
});

describe('secrets of origin access controls', () => {
  const shown = async (path: string, secret: string) => (await (await server.call(path)).text()).includes(secret);

  test('are taken and never shown', async () => {
    const secretAccessKey = 'wJalrXUtnFEMI-very-secret';
    const config = { name: crypto.randomUUID(), region: 'eu-central-1', accessKeyId: 'AKIA' };
    const made = await make('origin-access-controls', { ...config, secretAccessKey });
    expect(JSON.stringify(made)).not.toContain(secretAccessKey);
    expect(await shown(`/v1/origin-access-controls/${made.id}`, secretAccessKey)).toBe(false);
    expect(await shown('/v1/audit-log', secretAccessKey)).toBe(false);
    expect((await put(`origin-access-controls/${made.id}`, config, made.etag)).status).toBe(200);
    const missing = await server.call('/v1/origin-access-controls', { json: { ...config, name: 'other' } });
    expect((await json<Problem>(missing, 422)).errors?.map(({ field }) => field)).toEqual(['body.secretAccessKey']);
  });

  test('that are made here are shown once', async () => {
    const config = { name: crypto.randomUUID(), signingProtocol: 'edge' };
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const first = await json<Answer>(await server.call('/v1/origin-access-controls', { json: config, headers }), 201);
    expect(first.secretAccessKey).toMatch(/^[\w-]{43}$/);
    const again = await json<Answer>(await server.call('/v1/origin-access-controls', { json: config, headers }), 201);
    expect(again).toEqual({ ...first, secretAccessKey: undefined });
    expect(await get(`origin-access-controls/${first.id}`)).not.toHaveProperty('secretAccessKey');
    expect(await shown('/v1/audit-log', first.secretAccessKey ?? '')).toBe(false);
  });
});

test('what an origin is told in secret is not kept for a repetition, whose answer lacks it', async () => {
  const headerValue = crypto.randomUUID();
  const customHeaders = [{ headerName: 'X-Origin-Verify', headerValue }];
  const config = { ...MINIMAL, origins: [{ ...MINIMAL.origins[0], customHeaders }] };
  const headers = { 'idempotency-key': crypto.randomUUID() };
  const first = await json<Answer>(await server.call('/v1/distributions', { json: config, headers }), 201);
  expect(first.config).toMatchObject({ origins: [{ customHeaders }] });
  const kept = await server.database.selectFrom('idempotency_keys').select('body').execute();
  expect(kept.map(({ body }) => body).filter((body) => body.includes(headerValue))).toEqual([]);

  const again = await server.call('/v1/distributions', { json: config, headers });
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  const repeated = await json<Answer>(again, 201);
  expect(repeated.id).toBe(first.id);
  expect(repeated.config).toMatchObject({ origins: [{ customHeaders: [{ headerName: 'X-Origin-Verify' }] }] });
  expect(JSON.stringify(repeated)).not.toContain('headerValue');
});

describe('lists', () => {
  test('find distributions by their tags', async () => {
    const team = crypto.randomUUID();
    const one = await make('distributions', { ...MINIMAL, tags: { team, stage: 'live' } });
    await make('distributions', { ...MINIMAL, tags: { team, stage: 'test' } });
    const found = await list('distributions', `?tag.team=${team}&tag.stage=live`);
    expect(found.items.map(({ id }) => id)).toEqual([one.id]);
    expect((await list('distributions', `?tag.team=${team}`)).items).toHaveLength(2);
    expect((await list('distributions', `?tag.team=${team}&tag.constructor=x`)).items).toEqual([]);
  });
});

describe('scopes', () => {
  test.each([
    ['distributions', 'distributions'],
    ['origin-access-controls', 'distributions'],
    ['cache-policies', 'policies'],
    ['origin-request-policies', 'policies'],
    ['response-headers-policies', 'policies'],
    ['key-groups', 'keys'],
    ['distributions/default/invalidations', 'invalidations'],
  ] as const)('for %s are those of %s', async (path, resource) => {
    const ask = (token: string, init: CallInit = {}) => server.call(`/v1/${path}`, { ...init, token });
    const others = SCOPES.filter((scope) => !scope.startsWith(`${resource}:`) && !['*:read', 'admin'].includes(scope));
    expect((await ask(server.tokenFor(`${resource}:read`))).status).toBe(200);
    expect(await problem(await ask(server.tokenFor(`${resource}:read`), { json: {} }))).toEqual([403, 'SCOPE_MISSING']);
    expect(await problem(await ask(server.tokenFor(`${resource}:write`), { json: {} }))).not.toEqual([
      403,
      'SCOPE_MISSING',
    ]);
    expect(await problem(await ask(server.tokenFor(...others)))).toEqual([403, 'SCOPE_MISSING']);
  });
});

describe('an invalidation', () => {
  test('is in progress until edges have it, and the same reference finds it again', async () => {
    const { id } = await make('distributions', MINIMAL);
    const ask = (body: object) => server.call(`/v1/distributions/${id}/invalidations`, { json: body });
    const batch = { paths: ['/a', '/b/*', '#news'], callerReference: 'release' };
    const made = await json<{ id: string; status: string; soft: boolean }>(await ask(batch), 201);
    expect(made).toMatchObject({ status: 'InProgress', soft: false, ...batch });
    const again = await json<{ id: string }>(await ask({ ...batch, paths: ['#news', '/b/*', '/a'] }), 201);
    expect(again.id).toBe(made.id);
    expect(await problem(await ask({ ...batch, paths: ['/a'] }))).toEqual([409, 'CALLER_REFERENCE_REUSED']);
    expect(await problem(await ask({ ...batch, soft: true }))).toEqual([409, 'CALLER_REFERENCE_REUSED']);
    expect(await get(`distributions/${id}/invalidations/${made.id}`)).toEqual(made);
    const { items } = await json<{ items: unknown[] }>(await server.call(`/v1/distributions/${id}/invalidations`), 200);
    expect(items).toEqual([made]);
    expect(await problem(await server.call(`/v1/distributions/default/invalidations/${made.id}`))).toEqual([
      404,
      'NOT_FOUND',
    ]);
  });
});
