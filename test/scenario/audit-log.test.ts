import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RecordedAssetRepository } from '../../src/database/recorded-assets.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { type CallInit, type ControlServer, startControl } from '../harness/control-server.ts';
import { LiveNode } from '../harness/live-node.ts';
import { placeRecorded } from '../harness/recorded-broadcast.ts';

/** Operations that change something and leave no record, and why. */
const UNRECORDED: Readonly<Record<string, string>> = {
  appendUpload: 'bytes: the upload is recorded when it is made',
  putUploadTail: 'bytes, too',
  createPlaybackGrant: 'nothing is kept of a grant, and there is one for each viewer',
};

interface Recorded {
  readonly operation: string;
  readonly actor: { readonly kind: string; readonly id?: string; readonly name?: string };
  readonly address: string;
  readonly resource: { readonly kind: string; readonly id?: string };
  readonly before?: Record<string, unknown>;
  readonly after?: Record<string, unknown>;
  readonly requestId: string;
  readonly at: string;
}

let server: ControlServer;
let node: LiveNode;

beforeAll(async () => {
  server = await startControl();
  node = await LiveNode.start(server);
});

afterAll(async () => {
  await node.stop();
  await server.stop();
});

async function audited(query = ''): Promise<Recorded[]> {
  const response = await server.call(`/v1/audit-log?limit=200${query}`);
  return ((await response.json()) as { items: Recorded[] }).items;
}

/** What a call that succeeds answers. */
async function done(path: string, init: CallInit): Promise<Record<string, string>> {
  const response = await server.call(path, init);
  const text = await response.text();
  expect([path, response.status < 300 ? '2xx' : text]).toEqual([path, '2xx']);
  const id = response.headers.get('location')?.split('/').at(-1);
  return { ...(text === '' ? {} : JSON.parse(text)), ...(id ? { id } : {}) };
}

const film = () => done('/v1/assets?title=Film', { body: 'any bytes', headers: { 'content-type': 'video/mp4' } });
const webhook = () => done('/v1/webhooks', { json: { url: 'https://hook.example/' } });
const subtitles = (assetId: string | undefined) =>
  done(`/v1/assets/${assetId}/subtitles/de`, { method: 'PUT', body: 'WEBVTT\n\n00:01.000 --> 00:02.000\nHallo\n' });
const openSession = async () => {
  const signInToken = (await server.administratorLink()).split('/').at(-1);
  return done('/v1/sessions', { token: null, json: { signInToken } });
};
const user = () => done('/v1/users', { json: { name: 'Ada', role: 'editor' } });
const edge = async () => {
  const { token } = await done('/v1/edge-enrolments', { json: {} });
  return (await done('/v1/edge/enrol', { token: null, json: { token } })).edgeId;
};
const tus = { 'tus-resumable': '1.0.0' };
const upload = () => done('/v1/uploads', { method: 'POST', headers: { ...tus, 'upload-length': '10' } });

const stream = () => done('/v1/live-streams', { json: {} });
const onAir = async () => {
  const { streamId = '' } = await stream();
  await node.goLive(streamId);
  return `/v1/live-streams/${streamId}`;
};

const signingKey = async () => (await done('/v1/signing-keys', { json: { algorithm: 'ECDSA' } })).keyPairId;
const revokeGrant = async () => {
  const json = { jti: 'a', keyPairId: await signingKey(), expiresAt: '2099-01-01T00:00:00Z' };
  return done('/v1/revocations', { json });
};
const ORIGIN = { origins: [{ id: 'o', domainName: 'origin.example' }], defaultCacheBehavior: { targetOriginId: 'o' } };

/** A valid document of each kind of configuration, by the name of its operations and its path. */
const DOCUMENTS: readonly [string, string, () => object | Promise<object>][] = [
  ['Distribution', 'distributions', () => ORIGIN],
  ['CachePolicy', 'cache-policies', () => ({ name: crypto.randomUUID() })],
  ['OriginRequestPolicy', 'origin-request-policies', () => ({ name: crypto.randomUUID() })],
  ['ResponseHeadersPolicy', 'response-headers-policies', () => ({ name: crypto.randomUUID() })],
  ['KeyGroup', 'key-groups', async () => ({ name: crypto.randomUUID(), items: [await signingKey()] })],
  ['OriginAccessControl', 'origin-access-controls', () => ({ name: crypto.randomUUID(), signingProtocol: 'edge' })],
];

const configured = ([name, path, config]: (typeof DOCUMENTS)[number]) => {
  const create = async () => done(`/v1/${path}`, { json: await config() });
  const change = async (method: string) => {
    const { id, etag = '' } = await create();
    const json = method === 'PUT' ? { json: await config() } : {};
    return done(`/v1/${path}/${id}`, { method, headers: { 'if-match': etag }, ...json });
  };
  return [
    [`create${name}`, create],
    [`replace${name}`, () => change('PUT')],
    [`delete${name}`, () => change('DELETE')],
  ] as const;
};

/**
 * How each changing operation is done once, so that it succeeds. A new operation joins by a line here, or by one among
 * the exceptions above.
 */
const DONE: Readonly<Record<string, () => Promise<unknown>>> = {
  createAsset: film,
  editAsset: async () => done(`/v1/assets/${(await film()).assetId}`, { method: 'PATCH', json: { title: 'Other' } }),
  deleteAsset: async () => done(`/v1/assets/${(await film()).assetId}`, { method: 'DELETE' }),
  encodeAsset: async () => done(`/v1/assets/${(await film()).assetId}/encodings`, { json: {} }),
  putSubtitles: async () => subtitles((await film()).assetId),
  deleteSubtitles: async () => {
    const { assetId } = await film();
    await subtitles(assetId);
    await done(`/v1/assets/${assetId}/subtitles/de`, { method: 'DELETE' });
  },
  clipAsset: async () => {
    const { secrets, database, store } = server;
    const recorded = new RecordedAssetRepository(database, systemClock, secrets.contentKeySecret);
    const { recordingId } = await placeRecorded({ database, store, recorded }, [{ seconds: 2, beganAtMs: 1 }]);
    await done(`/v1/assets/${recordingId}/clips`, { json: { inSeconds: 0, outSeconds: 1 } });
  },
  createUpload: upload,
  abortUpload: async () => done(`/v1/uploads/${(await upload()).id}`, { method: 'DELETE', headers: tus }),
  createSigningKey: () => done('/v1/signing-keys', { json: { algorithm: 'ECDSA' } }),
  revokeSigningKey: async () => {
    const { keyPairId } = await done('/v1/signing-keys', { json: { algorithm: 'ECDSA' } });
    await done(`/v1/signing-keys/${keyPairId}`, { method: 'DELETE' });
  },
  createWebhook: webhook,
  editWebhook: async () =>
    done(`/v1/webhooks/${(await webhook()).webhookId}`, { method: 'PATCH', json: { enabled: false } }),
  deleteWebhook: async () => done(`/v1/webhooks/${(await webhook()).webhookId}`, { method: 'DELETE' }),
  testWebhook: async () => done(`/v1/webhooks/${(await webhook()).webhookId}/test`, { method: 'POST' }),
  replayDelivery: async () => {
    const { webhookId } = await webhook();
    const { deliveryId } = await done(`/v1/webhooks/${webhookId}/test`, { method: 'POST' });
    await done(`/v1/webhooks/${webhookId}/deliveries/${deliveryId}/replay`, { method: 'POST' });
  },
  createToken: () => done('/v1/tokens', { json: { name: 'ci', scopes: ['assets:read'] } }),
  revokeToken: async () => {
    const { tokenId } = await done('/v1/tokens', { json: { name: 'ci', scopes: ['assets:read'] } });
    await done(`/v1/tokens/${tokenId}`, { method: 'DELETE' });
  },
  openSession,
  ...Object.fromEntries(DOCUMENTS.flatMap(configured)),
  revokeGrant,
  removeRevocation: async () => done(`/v1/revocations/${(await revokeGrant()).revocationId}`, { method: 'DELETE' }),
  createEdgeEnrolment: () => done('/v1/edge-enrolments', { json: {} }),
  editEdge: async () => done(`/v1/edges/${await edge()}`, { method: 'PATCH', json: { draining: true } }),
  revokeEdge: async () => done(`/v1/edges/${await edge()}`, { method: 'DELETE' }),
  createInvalidation: () => done('/v1/distributions/default/invalidations', { json: { paths: ['/*'] } }),
  closeCurrentSession: async () => {
    const { token = '' } = await openSession();
    await done('/v1/sessions/current', { method: 'DELETE', token });
  },
  createLiveStream: stream,
  editLiveStream: async () => done(await onAir(), { method: 'PATCH', json: { title: 'Other' } }),
  deleteLiveStream: async () => done(await onAir(), { method: 'DELETE' }),
  endBroadcast: async () => done(`${await onAir()}/end`, { method: 'POST' }),
  renewStreamKey: async () => done(`${await onAir()}/stream-key`, { method: 'POST' }),
  addMetadata: async () => done(`${await onAir()}/metadata`, { json: { data: 1 } }),
  deleteChatMessage: async () => done(`${await onAir()}/chat/messages/m`, { method: 'DELETE' }),
  banChatAuthor: async () => done(`${await onAir()}/chat/bans`, { json: { authorId: 'v' } }),
  unbanChatAuthor: async () => done(`${await onAir()}/chat/bans/v`, { method: 'DELETE' }),
  createUser: user,
  editUser: async () => done(`/v1/users/${(await user()).userId}`, { method: 'PATCH', json: { enabled: false } }),
  deleteUser: async () => done(`/v1/users/${(await user()).userId}`, { method: 'DELETE' }),
  createSignInLink: async () => done(`/v1/users/${(await user()).userId}/sign-in-links`, { json: {} }),
  closeSession: async () => {
    const { sessionId } = await openSession();
    await done(`/v1/users/usr_administrator/sessions/${sessionId}`, { method: 'DELETE' });
  },
};

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
}

describe('the audit log', () => {
  test('has a record of every operation of the document that changes something', async () => {
    const document = (await (await server.call('/docs/json')).json()) as Document;
    const changing = Object.entries(document.paths)
      .filter(([path]) => path.startsWith('/v1/'))
      .flatMap(([, methods]) => Object.entries(methods))
      .filter(([method]) => ['post', 'put', 'patch', 'delete'].includes(method))
      .map(([, { operationId }]) => operationId);
    expect(changing.sort()).toEqual([...Object.keys(DONE), ...Object.keys(UNRECORDED)].sort());
    for (const [operation, perform] of Object.entries(DONE)) {
      await perform();
      const [newest] = await audited();
      expect(newest).toMatchObject({ operation, address: '127.0.0.1', requestId: expect.stringMatching(/.{36}/) });
      expect(newest?.resource).toEqual({ kind: expect.stringMatching(/^[a-z-]+$/), id: expect.stringMatching(/./) });
    }
  });

  test('tells who it was, what was there before, and what became of it', async () => {
    const { assetId } = await film();
    const made = await done('/v1/tokens', { json: { name: 'editor', scopes: ['assets:write'] } });
    const { token = '', tokenId = '' } = made;
    await done(`/v1/assets/${assetId}`, { method: 'PATCH', json: { title: 'Second' }, token });
    const [record] = await audited(`&resource=assets/${assetId}`);
    expect(record).toMatchObject({
      actor: { kind: 'token', id: tokenId, name: 'editor' },
      before: { title: 'Film' },
      after: { title: 'Second' },
    });
    expect(await audited(`&actor=${tokenId}`)).toEqual([record]);
  });

  test('keeps no secret', async () => {
    const secrets = [
      (await done('/v1/tokens', { json: { name: 'x', scopes: ['assets:read'] } })).token,
      (await done('/v1/signing-keys', { json: { algorithm: 'ECDSA' } })).privateKeyPem,
      (await webhook()).secret,
      (await openSession()).token,
      (await done('/v1/edge-enrolments', { json: {} })).token,
      (await done('/v1/origin-access-controls', { json: { name: 'x', signingProtocol: 'edge' } })).secretAccessKey,
      (await done('/v1/users/usr_administrator/sign-in-links', { json: {} })).signInUrl,
    ];
    const kept = JSON.stringify(await audited());
    for (const secret of secrets) {
      expect(secret).toBeTruthy();
      expect(kept).not.toContain(JSON.stringify(secret).slice(1, -1));
    }
  });

  test('keeps nothing of what an origin knows the edge by', async () => {
    const customHeaders = [{ headerName: 'X-Origin-Verify', headerValue: 'known to two' }];
    const json = { ...ORIGIN, origins: [{ ...ORIGIN.origins[0], customHeaders }] };
    const { id, etag = '' } = await done('/v1/distributions', { json });
    await done(`/v1/distributions/${id}`, { method: 'DELETE', headers: { 'if-match': etag } });
    const kept = JSON.stringify(await audited(`&resource=distributions/${id}`));
    expect(kept).toContain('X-Origin-Verify');
    expect(kept).not.toContain('known to two');
  });

  test('has no record of what was refused or failed, nor a second one of a repetition', async () => {
    const before = (await audited()).length;
    const failing = [
      server.call('/v1/assets/as_aaaaaaaaaaaaaaaa', { method: 'DELETE' }),
      server.call('/v1/webhooks', { json: { url: 'https://hook.example/' }, token: server.tokenFor('webhooks:read') }),
      server.call('/v1/webhooks', { json: { url: 'none' } }),
    ];
    expect((await Promise.all(failing)).map(({ status }) => status)).toEqual([404, 403, 422]);
    expect((await audited()).length).toBe(before);
    const again = { json: { name: 'x', scopes: ['assets:read'] }, headers: { 'idempotency-key': 'once' } };
    await done('/v1/tokens', again);
    await done('/v1/tokens', again);
    expect((await audited()).length).toBe(before + 1);
  });

  test('is read in pages, and by time', async () => {
    const all = await audited();
    const seen: Recorded[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await server.call(`/v1/audit-log?limit=7${cursor ? `&cursor=${cursor}` : ''}`);
      const { items, nextCursor } = (await page.json()) as { items: Recorded[]; nextCursor: string | null };
      seen.push(...items);
      cursor = nextCursor;
    }
    expect(seen).toEqual(all);
    const { at = '' } = all[3] ?? {};
    expect(await audited(`&since=${at}`)).toEqual(all.filter((record) => record.at >= at));
    expect(await audited(`&until=${at}`)).toEqual(all.filter((record) => record.at < at));
  });

  test.each(['?resource=Assets', '?since=yesterday', '?cursor=x'])('refuses %s with a sentence', async (query) => {
    const response = await server.call(`/v1/audit-log${query}`);
    expect([response.status, ((await response.json()) as { detail: string }).detail]).toEqual([
      400,
      expect.stringContaining('querystring.'),
    ]);
  });
});

describe('when the audit log cannot be written', () => {
  test('a change is not answered as done', async () => {
    const broken = await startControl();
    try {
      await broken.database.schema.dropTable('audit_log').execute();
      const response = await broken.call('/v1/signing-keys', { json: { algorithm: 'ECDSA' } });
      expect(response.status).toBe(500);
      expect(await response.text()).not.toContain('PRIVATE KEY');
    } finally {
      await broken.stop();
    }
  });
});
