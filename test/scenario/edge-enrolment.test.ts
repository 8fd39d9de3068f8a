import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readEdgeCredential } from '../../src/config/edge-credential.ts';
import { EdgeRepository } from '../../src/database/edges.ts';
import { edgeCredentialOf, signAsEdge } from '../../src/kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../src/kernel/access/edge-signature.ts';
import { HandClock } from '../contract/hand-clock.ts';
import { type ControlServer, startControl } from '../harness/control-server.ts';
import { freshFolder, removeFolder } from '../harness/folder.ts';
import { frontrow } from '../harness/frontrow.ts';

let folder: string;
let edgeFolder: string;
let server: ControlServer;
let clock: HandClock;

beforeEach(async () => {
  [folder, edgeFolder] = [await freshFolder(), await freshFolder()];
  clock = new HandClock();
  server = await startControl({ folder, clock, feedBeatMs: 100 });
});
afterEach(async () => {
  await server.stop();
  await Promise.all([folder, edgeFolder].map(removeFolder));
});

interface Made {
  readonly token: string;
  readonly expiresAt: string;
}

async function newToken(json: object = {}): Promise<Made> {
  const response = await server.call('/v1/edge-enrolments', { json });
  expect(response.status).toBe(201);
  return (await response.json()) as Made;
}

function exchange(token: string, name?: string): Promise<Response> {
  return server.call('/v1/edge/enrol', { token: null, json: { token, ...(name ? { name } : {}) } });
}

const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code];

async function enrolled(json: object = {}): Promise<{ edgeId: string; key: string; originUrl?: string }> {
  const response = await exchange((await newToken(json)).token);
  expect(response.status).toBe(201);
  return (await response.json()) as { edgeId: string; key: string };
}

function follow(credential: { edgeId: string; key: string }): Promise<Response> {
  const signature = signAsEdge(credential, 'GET', '/v1/edge/feed', clock.now());
  return server.call('/v1/edge/feed', { token: null, headers: { [EDGE_SIGNATURE_HEADER]: signature } });
}

test('a token lets one edge in, with a key of its own, and tells it where the origin is', async () => {
  const edge = await enrolled({ name: 'Frankfurt 1', location: { latitude: 50.1, longitude: 8.7, country: 'DE' } });
  expect(edge).toEqual({
    edgeId: expect.stringMatching(/^ed_/),
    key: edgeCredentialOf(server.secrets.edgeSecret, edge.edgeId).key,
    originUrl: 'http://origin.test:8070',
  });
  const response = await follow(edge);
  expect(response.status).toBe(200);
  await response.body?.cancel();
  expect(await new EdgeRepository(server.database, clock).list()).toMatchObject([
    { id: edge.edgeId, name: 'Frankfurt 1', location: { latitude: 50.1, longitude: 8.7, country: 'DE' } },
  ]);
});

test('a token is good once', async () => {
  const { token } = await newToken();
  const answers = await Promise.all([exchange(token), exchange(token), exchange(token)]);
  expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 403, 403]);
  expect(await codeOf(await exchange(token))).toEqual([403, 'ENROLMENT_INVALID']);
});

test('a token of an hour ago is not good any more, unless it was made for longer', async () => {
  const [usual, long] = [await newToken(), await newToken({ expiresInSeconds: 7_200 })];
  clock.turn(3_600_000);
  expect(await codeOf(await exchange(usual.token))).toEqual([403, 'ENROLMENT_INVALID']);
  expect((await exchange(long.token)).status).toBe(201);
});

test('nobody enrols with a token that was made up, and nobody makes one without the scope', async () => {
  for (const token of ['fre_guessed', '', server.adminToken.slice(0, 150)])
    expect(await codeOf(await exchange(token))).toEqual([403, 'ENROLMENT_INVALID']);
  const reader = server.tokenFor('edges:read');
  const response = await server.call('/v1/edge-enrolments', { json: {}, token: reader });
  expect(await codeOf(response)).toEqual([403, 'SCOPE_MISSING']);
});

test('a token is shown once and kept as a hash, and the audit log has neither token nor key', async () => {
  const { token } = await newToken();
  const edge = (await (await exchange(token)).json()) as { key: string; edgeId: string };
  const log = await (await server.call('/v1/audit-log')).text();
  expect(log).toContain(edge.edgeId);
  expect(log).not.toContain(token);
  expect(log).not.toContain(edge.key);
  const rows = await server.database.selectFrom('edge_enrolments').selectAll().execute();
  expect(JSON.stringify(rows)).not.toContain(token);
});

test.each([
  ['too short a life', { expiresInSeconds: 1 }],
  ['a place that is none', { location: { latitude: 91, longitude: 0 } }],
  ['half a place', { location: { latitude: 1 } }],
  ['something else', { role: 'admin' }],
])('an enrolment with %s is refused', async (_what, json) => {
  expect(await codeOf(await server.call('/v1/edge-enrolments', { json }))).toEqual([400, 'INVALID_REQUEST']);
});

test('an edge cannot sign as another, nor go on once it is revoked: its feed ends and it is not let in again', async () => {
  const [edge, other] = [await enrolled(), await enrolled()];
  expect(await codeOf(await follow({ ...edge, edgeId: other.edgeId }))).toEqual([403, 'EDGE_SIGNATURE_INVALID']);
  const response = await follow(edge);
  const ended = response.text();
  const revokedAt = performance.now();
  await new EdgeRepository(server.database, clock).revoke(edge.edgeId);
  await ended;
  expect(performance.now() - revokedAt).toBeLessThan(2_000);
  await expect.poll(async () => (await follow(edge)).status, { timeout: 2_000 }).toBe(403);
  expect(await codeOf(await follow(edge))).toEqual([403, 'EDGE_REVOKED']);
  const still = await follow(other);
  expect(still.status).toBe(200);
  await still.body?.cancel();
});

test('the command line enrols an edge once and keeps its credential for itself', async () => {
  const made = await frontrow([
    'edge',
    'enrol-token',
    '--data',
    folder,
    '--api',
    server.url,
    '--token',
    server.adminToken,
    '--json',
  ]);
  const { token } = JSON.parse(made.stdout) as Made;
  expect(token).toMatch(/^fre_/);
  // An address that is none stops the edge right after it has enrolled.
  const start = (given: string) =>
    frontrow(['edge', '--control', server.url, '--enrol', given, '--origin', 'nowhere', '--data', edgeFolder]);
  const first = await start(token);
  expect(first.stderr).toMatch(/enrolled as ed_/);
  const kept = await readEdgeCredential(edgeFolder);
  expect(kept).toMatchObject({ controlUrl: server.url, originUrl: 'http://origin.test:8070' });
  expect((await stat(join(edgeFolder, 'edge-credential.json'))).mode & 0o777).toBe(0o600);
  const again = await start('fre_another');
  expect(again.stderr).toContain(`enrolled already, as ${kept?.edgeId}`);
  expect(await readEdgeCredential(edgeFolder)).toEqual(kept);
});
