import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mintToken } from '../../src/control/tokens.ts';
import { holdsScope, SCOPES, type Scope } from '../../src/kernel/access/api-token.ts';
import { signJwt } from '../../src/kernel/access/jwt.ts';
import { type ControlServer, startControl } from '../harness/control-server.ts';

/** Collections whose documents are all read and changed alike, and the resource of their scopes. */
const COLLECTIONS = {
  distributions: 'distributions',
  'origin-access-controls': 'distributions',
  'cache-policies': 'policies',
  'origin-request-policies': 'policies',
  'response-headers-policies': 'policies',
  'key-groups': 'keys',
} as const;

const ofCollection = ([name, resource]: readonly [string, 'distributions' | 'policies' | 'keys']) => ({
  [`GET /v1/${name}`]: `${resource}:read` as const,
  [`POST /v1/${name}`]: `${resource}:write` as const,
  [`GET /v1/${name}/{id}`]: `${resource}:read` as const,
  [`PUT /v1/${name}/{id}`]: `${resource}:write` as const,
  [`DELETE /v1/${name}/{id}`]: `${resource}:write` as const,
});

/** The scope that every operation of the API needs: a route that is missing here fails the first test. */
const NEEDED: Readonly<Record<string, Scope>> = {
  'GET /v1/assets': 'assets:read',
  'POST /v1/assets': 'uploads:write',
  'GET /v1/assets/{assetId}': 'assets:read',
  'PATCH /v1/assets/{assetId}': 'assets:write',
  'DELETE /v1/assets/{assetId}': 'assets:write',
  'POST /v1/assets/{assetId}/clips': 'assets:write',
  'POST /v1/assets/{assetId}/encodings': 'assets:write',
  'GET /v1/ladders': 'assets:read',
  'GET /v1/assets/{assetId}/subtitles': 'assets:read',
  'PUT /v1/assets/{assetId}/subtitles/{language}': 'assets:write',
  'DELETE /v1/assets/{assetId}/subtitles/{language}': 'assets:write',
  'GET /v1/live-streams': 'live:read',
  'POST /v1/live-streams': 'live:write',
  'GET /v1/live-streams/{streamId}': 'live:read',
  'PATCH /v1/live-streams/{streamId}': 'live:write',
  'DELETE /v1/live-streams/{streamId}': 'live:write',
  'GET /v1/live-streams/{streamId}/broadcasts': 'live:read',
  'POST /v1/live-streams/{streamId}/end': 'live:write',
  'POST /v1/live-streams/{streamId}/stream-key': 'live:write',
  'POST /v1/live-streams/{streamId}/metadata': 'live:write',
  'DELETE /v1/live-streams/{streamId}/chat/messages/{messageId}': 'live:write',
  'POST /v1/live-streams/{streamId}/chat/bans': 'live:write',
  'DELETE /v1/live-streams/{streamId}/chat/bans/{authorId}': 'live:write',
  'POST /v1/signing-keys': 'keys:write',
  'GET /v1/signing-keys': 'keys:read',
  'DELETE /v1/signing-keys/{keyPairId}': 'keys:write',
  ...Object.assign({}, ...Object.entries(COLLECTIONS).map(ofCollection)),
  'POST /v1/distributions/{id}/invalidations': 'invalidations:write',
  'GET /v1/distributions/{id}/invalidations': 'invalidations:read',
  'GET /v1/distributions/{id}/invalidations/{invalidationId}': 'invalidations:read',
  'POST /v1/revocations': 'revocations:write',
  'GET /v1/revocations': 'revocations:read',
  'GET /v1/revocations/{revocationId}': 'revocations:read',
  'DELETE /v1/revocations/{revocationId}': 'revocations:write',
  'POST /v1/edge-enrolments': 'edges:write',
  'GET /v1/edges': 'edges:read',
  'GET /v1/edges/{edgeId}': 'edges:read',
  'PATCH /v1/edges/{edgeId}': 'edges:write',
  'DELETE /v1/edges/{edgeId}': 'edges:write',
  'POST /v1/playback-grants': 'grants:write',
  'POST /v1/tokens': 'tokens:write',
  'GET /v1/tokens': 'tokens:read',
  'DELETE /v1/tokens/{tokenId}': 'tokens:write',
  'POST /v1/webhooks': 'webhooks:write',
  'GET /v1/webhooks': 'webhooks:read',
  'GET /v1/webhooks/{webhookId}': 'webhooks:read',
  'PATCH /v1/webhooks/{webhookId}': 'webhooks:write',
  'DELETE /v1/webhooks/{webhookId}': 'webhooks:write',
  'GET /v1/webhooks/{webhookId}/deliveries': 'webhooks:read',
  'POST /v1/webhooks/{webhookId}/deliveries/{deliveryId}/replay': 'webhooks:write',
  'POST /v1/webhooks/{webhookId}/test': 'webhooks:write',
  'GET /v1/audit-log': 'audit:read',
  'POST /v1/users': 'users:write',
  'GET /v1/users': 'users:read',
  'GET /v1/users/{userId}': 'users:read',
  'PATCH /v1/users/{userId}': 'users:write',
  'DELETE /v1/users/{userId}': 'users:write',
  'POST /v1/users/{userId}/sign-in-links': 'users:write',
  'GET /v1/users/{userId}/sessions': 'users:read',
  'DELETE /v1/users/{userId}/sessions/{sessionId}': 'users:write',
  'POST /v1/uploads': 'uploads:write',
  'HEAD /v1/uploads/{id}': 'uploads:write',
  'PATCH /v1/uploads/{id}': 'uploads:write',
  'DELETE /v1/uploads/{id}': 'uploads:write',
  'PUT /v1/uploads/{id}/tail': 'uploads:write',
};

/** What anybody may ask, and why. */
const OPEN = ['GET /v1/route', 'POST /v1/sessions'];

/** What whoever has a token may ask about himself. */
const ANYBODY = ['GET /v1/sessions/current', 'DELETE /v1/sessions/current'];

/** Not in the document, since it is but another way to write what is. */
const UNDOCUMENTED: readonly (readonly [string, Scope])[] = [['POST /v1/uploads/{id}', 'uploads:write']];

let server: ControlServer;

beforeAll(async () => {
  server = await startControl();
});

afterAll(async () => {
  await server.stop();
});

test('every operation of the document states here who may ask for it', async () => {
  const document = (await (await server.call('/docs/json')).json()) as { paths: Record<string, object> };
  const operations = Object.entries(document.paths)
    .filter(([path]) => path.startsWith('/v1/'))
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  expect(operations.sort()).toEqual([...Object.keys(NEEDED), ...OPEN, ...ANYBODY].sort());
});

describe.each([...Object.entries(NEEDED), ...UNDOCUMENTED])('%s', (operation, scope) => {
  const [method = '', template = ''] = operation.split(' ');
  const path = template.replace(/\{\w+\}/, 'as_aaaaaaaaaaaaaaaa');
  const ask = async (token: string | null) => {
    const { status, headers } = await server.call(path, { method, token, headers: { 'tus-resumable': '1.0.0' } });
    return [status, headers.has('www-authenticate')];
  };
  const later = () => Math.floor(Date.now() / 1_000) + 600;
  const claims = () => ({ jti: 'tok_aaaaaaaaaaaaaaaa', scope: 'admin', exp: later(), use: 'server' });

  test('is closed to nobody, to strangers, and to tokens made for something else', async () => {
    const { apiTokenSecret, edgeSecret } = server.secrets;
    const unsigned = ['{"alg":"none"}', JSON.stringify(claims()), ''].map((part) =>
      Buffer.from(part).toString('base64url'),
    );
    const { exp: _, ...endless } = claims();
    const strangers = [
      null,
      'nonsense',
      unsigned.join('.'),
      mintToken('server', 'a secret of another server', ['admin'], Date.now(), 60_000).token,
      signJwt(claims(), 'HS256', edgeSecret),
      mintToken('sign-in', apiTokenSecret, ['admin'], Date.now(), 60_000).token,
      mintToken('api', apiTokenSecret, ['admin'], Date.now(), 60_000).token,
      mintToken('session', apiTokenSecret, ['admin'], Date.now(), 60_000).token,
      mintToken('server', apiTokenSecret, ['admin'], Date.now() - 120_000, 60_000).token,
      signJwt(endless, 'HS256', apiTokenSecret),
      signJwt({ ...claims(), use: 'viewer' }, 'HS256', apiTokenSecret),
    ];
    for (const token of strangers) expect([token, ...(await ask(token))]).toEqual([token, 401, true]);
  });

  test(`is closed to a token that holds every scope that does not give ${scope}`, async () => {
    const others = SCOPES.filter((each) => !holdsScope([each], scope));
    expect((await ask(server.tokenFor(...others)))[0]).toBe(403);
  });

  test(`is open to a token that holds ${scope} alone, or reads everything where it reads`, async () => {
    for (const held of scope.endsWith(':read') ? [scope, '*:read' as const] : [scope])
      expect([401, 403]).not.toContain((await ask(server.tokenFor(held)))[0]);
  });
});
