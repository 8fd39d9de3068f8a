import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ControlServer, startControl } from '../harness/control-server.ts';
import { EdgeFleet, type FleetMember } from '../harness/edge-fleet.ts';
import { removeFolder } from '../harness/folder.ts';

vi.setConfig({ testTimeout: 30_000 });

// What operators invalidate at control, on edges that follow it.

const ASSET = 'as_bcdefghjkmnpqrst';
const PATH = `/assets/${ASSET}/v1/360p/s00000.m4s`;

let server: ControlServer;
let fleet: EdgeFleet;

beforeEach(async () => {
  server = await startControl({ feedBeatMs: 200 });
  fleet = await new EdgeFleet().start();
  fleet.origin.serve(`/access/${ASSET}`, { body: '{"policy":"public"}' });
  serve('first');
});
afterEach(async () => {
  await fleet.stop();
  await server.stop();
});

function serve(body: string): void {
  fleet.origin.serve(PATH, {
    headers: { 'Cache-Control': 'max-age=3600', 'Cache-Tag': 'news', ETag: `"${body}"` },
    body,
  });
}

const read = async ({ url }: FleetMember) => (await fetch(url + PATH)).text();

async function invalidate(...paths: string[]): Promise<{ id: string; status: string }> {
  const response = await server.call('/v1/distributions/default/invalidations', { json: { paths } });
  expect(response.status).toBe(201);
  return (await response.json()) as { id: string; status: string };
}

const statusOf = async (id: string) => {
  const response = await server.call(`/v1/distributions/default/invalidations/${id}`);
  return ((await response.json()) as { status: string }).status;
};

test.each([PATH, `/assets/${ASSET}/*`, '#news', '/*'])(
  '%s is gone from every edge within two seconds, and then completed',
  async (target) => {
    const members = [await fleet.add(server), await fleet.add(server), await fleet.add(server)];
    for (const each of members) expect(await read(each)).toBe('first');
    serve('second');
    const askedAt = performance.now();
    const { id, status } = await invalidate(target);
    expect(status).toBe('InProgress');
    for (const each of members) await expect.poll(() => read(each), { interval: 20 }).toBe('second');
    expect(performance.now() - askedAt).toBeLessThan(2_000);
    await expect.poll(() => statusOf(id), { timeout: 5_000 }).toBe('Completed');
  },
);

test('something else stays', async () => {
  const edge = await fleet.add(server);
  await read(edge);
  serve('second');
  const { id } = await invalidate('/assets/other/*', '#other');
  await expect.poll(() => statusOf(id), { timeout: 5_000 }).toBe('Completed');
  expect(await read(edge)).toBe('first');
});

test('an edge that was away catches up with what it missed before it serves it, from its disk too', async () => {
  const settings = { edgeDiskBytes: 100_000_000 };
  const edge = await fleet.add(server, { settings });
  await read(edge);
  await edge.edge.written();
  await fleet.remove(edge);
  const { id } = await invalidate(PATH);
  serve('second');
  const again = await fleet.add(server, { settings, place: edge });
  expect(await read(again)).toBe('second');
  await expect.poll(() => statusOf(id), { timeout: 5_000 }).toBe('Completed');
});

test('an edge on whose disk nothing tells how far it was goes on with nothing that it kept', async () => {
  const settings = { edgeDiskBytes: 100_000_000 };
  const edge = await fleet.add(server, { settings });
  await read(edge);
  await edge.edge.written();
  await fleet.remove(edge);
  // As an edge has it that comes from another control, or whose copy was damaged.
  await removeFolder(`${edge.folder}/edge-config.json`);
  serve('second');
  const again = await fleet.add(server, { settings, place: edge });
  await expect.poll(() => read(again)).toBe('second');
});
