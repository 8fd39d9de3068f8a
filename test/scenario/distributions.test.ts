import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ControlServer, freshFolder, removeFolder, startControl } from '../harness/control-server.ts';

const OPTIMIZED = '658327ea-f89d-4fab-a63d-7e88639e58f6';
const MINIMAL = {
  origins: [{ id: 'site', domainName: 'origin.example' }],
  defaultCacheBehavior: { targetOriginId: 'site' },
};

let folder: string;
let server: ControlServer;

beforeAll(async () => {
  folder = await freshFolder();
  server = await startControl(folder);
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
