import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { edgeCredentialOf, signAsEdge } from '../../src/kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../src/kernel/access/edge-signature.ts';
import type { EdgeReport } from '../../src/kernel/edge-feed/report.ts';
import { type ControlServer, startControl } from '../harness/control-server.ts';
import { EdgeFleet } from '../harness/edge-fleet.ts';
import { freshFolder, removeFolder } from '../harness/folder.ts';
import { frontrow } from '../harness/frontrow.ts';

vi.setConfig({ testTimeout: 30_000 });

let folder: string;
let server: ControlServer;
let fleet: EdgeFleet;

beforeEach(async () => {
  folder = await freshFolder();
  server = await startControl({ folder, feedBeatMs: 200 });
  fleet = await new EdgeFleet().start();
});
afterEach(async () => {
  await fleet.stop();
  await server.stop();
  await removeFolder(folder);
});

interface View {
  readonly edgeId: string;
  readonly state: string;
  readonly configuration?: { readonly revision: number };
  readonly [name: string]: unknown;
}

async function list(): Promise<{ revision: number; items: View[] }> {
  const response = await server.call('/v1/edges');
  expect(response.status).toBe(200);
  return (await response.json()) as { revision: number; items: View[] };
}

const one = async (edgeId: string) => (await list()).items.find((each) => each.edgeId === edgeId);

test('each edge is listed with how it is, as soon as it serves', async () => {
  const { edgeId, url } = await fleet.add(server);
  await expect
    .poll(() => one(edgeId))
    .toMatchObject({
      edgeId,
      name: `machine of ${edgeId}`,
      url,
      version: '1.2.3',
      state: 'connected',
      enrolled: false,
      draining: false,
      processes: 1,
      load: { requestsPerSecond: expect.any(Number), hitRatio: 0, connections: 0 },
      origins: [{ name: new URL(fleet.origin.url).host, up: true }],
    });
  const response = await server.call(`/v1/edges/${edgeId}`);
  expect(await response.json()).toMatchObject({ edgeId, clockAheadMs: expect.any(Number) });
  expect((await server.call('/v1/edges/ed_nothing')).status).toBe(404);
});

test('the list shows how far a change has come', async () => {
  const members = [await fleet.add(server), await fleet.add(server), await fleet.add(server)];
  await server.call('/v1/signing-keys', { json: { algorithm: 'ECDSA' } });
  const madeAt = performance.now();
  await expect
    .poll(
      async () => {
        const { revision, items } = await list();
        return items.filter(({ configuration }) => (configuration?.revision ?? 0) >= revision).length;
      },
      { interval: 20 },
    )
    .toBe(members.length);
  expect(performance.now() - madeAt).toBeLessThan(2_000);
});

function sendReport(edgeId: string, json: unknown): Promise<Response> {
  const credential = edgeCredentialOf(server.secrets.edgeSecret, edgeId);
  const signature = signAsEdge(credential, 'POST', '/v1/edge/report', Date.now());
  return server.call('/v1/edge/report', { token: null, json, headers: { [EDGE_SIGNATURE_HEADER]: signature } });
}

const REPORT: EdgeReport = {
  process: 'edge-0',
  name: 'far away',
  version: '1',
  url: 'https://edge.example',
  configuration: { revision: 1, logs: {} },
  load: { requestsPerSecond: 1, bytesPerSecond: 2, connections: 3, cachedBytes: 4, hitRatio: 0.5, busy: 0.25 },
  origins: [],
  clockAheadMs: 0,
};

test.each([
  'http://a\r\nset-cookie: x',
  'http://a b',
  'http://%zz',
  'http://a;script-src',
  'http://*',
  'http://somebody@edge.example',
  'http://edge.example:123456',
  'https://[::1',
  'javascript:alert(1)//',
])('nobody is led to an edge that says it is at %j', async (url) => {
  const honest = await fleet.add(server);
  await expect.poll(async () => (await one(honest.edgeId))?.state).toBe('connected');
  expect((await sendReport('ed_abcdefghjkmnpqrs', { ...REPORT, url })).status).toBe(204);
  const routed = await server.call('/v1/route?path=/a', { token: null });
  expect(await routed.json()).toMatchObject({ edges: [{ edgeId: honest.edgeId }] });
  expect((await one('ed_abcdefghjkmnpqrs'))?.url).toBe('');
  const page = await server.call('/docs', { token: null });
  expect(page.headers.get('content-security-policy')).not.toMatch(/script-src;|\*/);
});

test('numbers of which the sum is none, and more processes than a machine has use for, are refused', async () => {
  const edgeId = 'ed_abcdefghjkmnpqrs';
  const endless = { ...REPORT, load: { ...REPORT.load, busy: 1e308 } };
  expect((await sendReport(edgeId, endless)).status).toBe(400);
  expect((await sendReport(edgeId, { ...REPORT, clockAheadMs: -1e300 })).status).toBe(400);
  const names = Array.from({ length: 300 }, (_, at) => `edge-${at}`);
  const statuses = await Promise.all(
    names.map(async (process) => (await sendReport(edgeId, { ...REPORT, process, more: 'x'.repeat(1_000) })).status),
  );
  expect(statuses.filter((status) => status === 204).length).toBe(256);
  expect((await sendReport(edgeId, REPORT)).status).toBe(204);
  expect(await one(edgeId)).toMatchObject({ processes: 256 });
});

test('an edge is where its operator says, by the API before its own settings, and viewers are led by that', async () => {
  const edgeId = 'ed_abcdefghjkmnpqrs';
  const report = {
    process: 'edge-0',
    name: 'far away',
    version: '1',
    url: 'https://edge.example',
    location: { latitude: 35.7, longitude: 139.7 },
    configuration: { revision: 1, logs: {} },
    load: { requestsPerSecond: 1, bytesPerSecond: 2, connections: 3, cachedBytes: 4, hitRatio: 0.5, busy: 0.95 },
    origins: [],
    clockAheadMs: 0,
  };
  expect((await sendReport(edgeId, { ...report, location: { latitude: 91, longitude: 0 } })).status).toBe(400);
  expect((await sendReport(edgeId, report)).status).toBe(204);
  expect((await one(edgeId))?.location).toEqual({ latitude: 35.7, longitude: 139.7 });
  const routed = await server.call('/v1/route?path=/a', { token: null });
  expect(await routed.json()).toEqual({
    url: 'https://edge.example/a',
    edges: [{ edgeId, url: 'https://edge.example/a' }],
  });
  const placed = await server.call(`/v1/edges/${edgeId}`, { method: 'PATCH', json: { location: { country: 'DE' } } });
  expect(await placed.json()).toMatchObject({ location: { country: 'DE' } });
});

test('a shell lists them too', async () => {
  const { edgeId, url } = await fleet.add(server);
  await expect.poll(async () => (await list()).items.length).toBe(1);
  const ended = await frontrow(['edge', 'list', '--api', server.url, '--token', server.adminToken]);
  expect(ended).toMatchObject({ status: 0, stderr: '' });
  expect(ended.stdout).toMatch(new RegExp(`^EDGE .*\\n${edgeId} .* connected +(all|\\d+ behind) .*${url}\\n$`));
});

test('what an edge cannot use is told, beside how far it is', async () => {
  const edgeId = 'ed_abcdefghjkmnpqrs';
  const report: EdgeReport = {
    process: 'edge-0',
    name: 'far away',
    version: '1',
    url: 'https://edge.example',
    configuration: { revision: 7, refused: { revision: 9, section: 'site' }, logs: {} },
    load: { requestsPerSecond: 1, bytesPerSecond: 2, connections: 3, cachedBytes: 4, hitRatio: 0.5, busy: 0.25 },
    origins: [],
    clockAheadMs: 61_000,
  };
  const send = (json: unknown) => sendReport(edgeId, json);
  expect((await send(report)).status).toBe(204);
  // The other process of it is further.
  expect((await send({ ...report, process: 'edge-1', configuration: { revision: 9, logs: {} } })).status).toBe(204);
  expect(await one(edgeId)).toMatchObject({
    url: 'https://edge.example',
    processes: 2,
    configuration: { revision: 7, refused: { revision: 9, section: 'site' } },
    load: { requestsPerSecond: 2, connections: 6, hitRatio: 0.5, busy: 0.25 },
    clockAheadMs: 61_000,
  });
  for (const broken of [{}, [], { ...report, load: {} }, { ...report, process: '../x' }, { ...report, origins: 1 }])
    expect((await send(broken)).status).toBe(400);
  expect((await server.call('/v1/edge/report', { json: report })).status).toBe(403);
});

test('an edge is renamed, placed and drained, and the others hear of it', async () => {
  const [edge, other] = [await fleet.add(server), await fleet.add(server)];
  await expect.poll(async () => (await list()).items.length).toBe(2);
  const change = { name: 'Oslo', location: { latitude: 59.9, longitude: 10.7, country: 'NO' }, draining: true };
  const response = await server.call(`/v1/edges/${edge.edgeId}`, { method: 'PATCH', json: change });
  expect(await response.json()).toMatchObject({ ...change, edgeId: edge.edgeId });
  for (const json of [{}, { location: { latitude: 1 } }, { location: {} }, { state: 'away' }])
    expect((await server.call(`/v1/edges/${edge.edgeId}`, { method: 'PATCH', json })).status).toBe(400);
  const back = await server.call(`/v1/edges/${edge.edgeId}`, { method: 'PATCH', json: { location: null } });
  expect(await back.json()).not.toHaveProperty('location');
  expect((await server.call('/v1/edges', { token: server.tokenFor('assets:read') })).status).toBe(403);
  expect((await one(other.edgeId))?.draining).toBe(false);
});

test('an edge that is gone is away within seconds, and one that comes back is there again', async () => {
  const edge = await fleet.add(server);
  await expect.poll(async () => (await one(edge.edgeId))?.state).toBe('connected');
  await fleet.remove(edge);
  await expect.poll(async () => (await one(edge.edgeId))?.state, { timeout: 4_000 }).toBe('away');
  await fleet.add(server, { place: edge });
  await expect.poll(async () => (await one(edge.edgeId))?.state).toBe('connected');
});

test('a control that starts anew knows what edges said last', async () => {
  const edge = await fleet.add(server);
  await expect.poll(async () => (await one(edge.edgeId))?.state).toBe('connected');
  await fleet.remove(edge);
  await server.stop();
  server = await startControl({ folder });
  expect(await one(edge.edgeId)).toMatchObject({ version: '1.2.3', url: edge.url });
});

test('a revoked edge is refused and listed no more; it goes on with what it has', async () => {
  const [edge, other] = [await fleet.add(server), await fleet.add(server)];
  await expect.poll(async () => (await list()).items.length).toBe(2);
  expect((await server.call(`/v1/edges/${edge.edgeId}`, { method: 'DELETE' })).status).toBe(204);
  expect((await server.call(`/v1/edges/${edge.edgeId}`, { method: 'DELETE' })).status).toBe(404);
  expect((await list()).items.map(({ edgeId }) => edgeId)).toEqual([other.edgeId]);
  expect((await fetch(`${edge.url}/health`)).status).toBe(200);
});
