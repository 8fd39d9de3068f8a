import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { signCookies } from '../../src/kernel/access/sign.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { type ControlServer, startControl } from '../harness/control-server.ts';
import { EdgeFleet } from '../harness/edge-fleet.ts';
import { FeedProxy } from '../harness/feed-proxy.ts';
import { SIGNED } from '../harness/film-edge.ts';
import { freshFolder, removeFolder } from '../harness/folder.ts';
import { TestServer } from '../harness/server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

const LAUNCHER = fileURLToPath(new URL('../../src/cli/frontrow.js', import.meta.url));
const PATH = `/assets/${SIGNED}/v1/360p/s00000.m4s`;

let folder: string;
let edgeFolder: string;
let fleet: EdgeFleet;
const others: (() => unknown)[] = [];

beforeEach(async () => {
  [folder, edgeFolder] = [await freshFolder(), await freshFolder()];
  fleet = await new EdgeFleet().start();
  fleet.origin.serve(`/access/${SIGNED}`, { body: '{"policy":"signed"}' });
  fleet.origin.serve(PATH, { headers: { 'Cache-Control': 'max-age=3600' }, body: 'segment' });
});
afterEach(async () => {
  await fleet.stop();
  for (const stop of others.splice(0).toReversed()) await stop();
  await Promise.all([folder, edgeFolder].map(removeFolder));
});

interface Key {
  readonly keyPairId: string;
  readonly privateKeyPem: string;
}

async function newKey(call: ControlServer['call']): Promise<Key> {
  return (await (await call('/v1/signing-keys', { json: { algorithm: 'ECDSA' } })).json()) as Key;
}

function cookieOf({ keyPairId, privateKeyPem }: Key): string {
  const terms = { keyPairId, privateKey: createPrivateKey(privateKeyPem), expiresAtMs: Date.now() + 3_600_000 };
  const cookies = signCookies({ ...terms, url: 'http://a/assets/x', resource: 'http://*/assets/*' });
  return Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
}

async function statusOf(url: string, key: Key): Promise<number> {
  const response = await fetch(url + PATH, { headers: { cookie: cookieOf(key) } });
  await response.arrayBuffer();
  return response.status;
}

test('a feed that is cut under load keeps nobody from watching, and what was missed counts once it is back', async () => {
  const server = await startControl({ folder, feedBeatMs: 200 });
  others.push(() => server.stop());
  const proxy = await new FeedProxy(server.url).start();
  others.push(() => proxy.stop());
  const { url } = await fleet.add({ ...server, url: proxy.url });
  const [kept, gone] = [await newKey(server.call), await newKey(server.call)];
  for (const key of [kept, gone]) await expect.poll(() => statusOf(url, key)).toBe(200);
  let isOver = false;
  const statuses = new Map<number, number>();
  const load = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      const status = await statusOf(url, kept);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  proxy.cut();
  await server.call(`/v1/signing-keys/${gone.keyPairId}`, { method: 'DELETE' });
  // Longer than the first attempts to come back.
  await pause(1_500);
  expect(await statusOf(url, gone)).toBe(200);
  proxy.mend();
  await expect.poll(() => statusOf(url, gone), { timeout: 12_000 }).toBe(403);
  isOver = true;
  await Promise.all(load);
  expect([...statuses.keys()]).toEqual([200]);
  expect(statuses.get(200)).toBeGreaterThan(50);
});

test('control that is killed in the midst of changes leaves edges with whole ones, and they go on with the next', async () => {
  const environment = { FRONTROW_LOG_LEVEL: 'silent' };
  const first = await TestServer.start({ folder, roles: 'control,origin', environment });
  const proxy = await new FeedProxy(first.run.control).start();
  others.push(() => proxy.stop());
  const { edgeSecret } = JSON.parse(await readFile(join(folder, 'secrets.json'), 'utf8')) as { edgeSecret: string };
  const { url } = await fleet.add({ url: proxy.url, secrets: { edgeSecret } as ControlServer['secrets'] });
  const callOf =
    ({ run }: TestServer): ControlServer['call'] =>
    (path, { method, json } = {}) =>
      fetch(run.control + path, {
        method: method ?? (json === undefined ? 'GET' : 'POST'),
        headers: { authorization: `Bearer ${run.adminToken}`, 'content-type': 'application/json' },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      });
  const answered: Key[] = [];
  const making = (async () => {
    for (;;) answered.push(await newKey(callOf(first)));
  })().catch(() => {});
  await expect.poll(() => answered.length).toBeGreaterThan(5);
  await first.kill();
  await making;
  // The edge knows a key whole or not at all, and goes on with those it knows.
  const known = await Promise.all(answered.map((key) => statusOf(url, key)));
  expect(known.every((status) => status === 200 || status === 403)).toBe(true);
  expect(known[0]).toBe(200);
  const second = await TestServer.start({ folder, roles: 'control,origin', environment });
  others.push(() => second.stop());
  proxy.mend(second.run.control);
  // What was answered for is there, and reaches the edge.
  for (const key of answered) await expect.poll(() => statusOf(url, key), { timeout: 15_000 }).toBe(200);
});

test('an edge that is killed while it takes changes starts again without control, from a whole copy', async () => {
  const server = await startControl({ folder, feedBeatMs: 200 });
  others.push(() => server.stop());
  const started = await startEdgeProcess(server);
  const first = await newKey(server.call);
  await expect.poll(() => statusOf(started.url, first)).toBe(200);
  const copy = join(edgeFolder, 'edge-config.json');
  for (let round = 0; round < 3; round += 1) {
    const before = (await readFile(copy, 'utf8')).length;
    const making = (async () => {
      for (let at = 0; at < 20; at += 1) await newKey(server.call);
    })();
    // In the midst of being told of them.
    await expect.poll(async () => (await readFile(copy, 'utf8')).length, { interval: 1 }).toBeGreaterThan(before);
    started.process.kill('SIGKILL');
    await once(started.process, 'exit');
    await making;
    expect(JSON.parse(await readFile(copy, 'utf8'))).toMatchObject({ states: { keys: {} } });
    Object.assign(started, await startEdgeProcess(server));
  }
  started.process.kill('SIGKILL');
  await once(started.process, 'exit');
  const away = await startEdgeProcess({ ...server, url: 'http://127.0.0.1:9' });
  expect(await statusOf(away.url, first)).toBe(200);
  away.process.kill('SIGKILL');
});

test.each([-60_000, 60_000, 90_000])(
  'an edge whose clock is off by %d ms follows control and fetches from the origin',
  async (offMs) => {
    const server = await TestServer.start({
      folder,
      roles: 'control,origin',
      environment: { FRONTROW_LOG_LEVEL: 'silent' },
    });
    others.push(() => server.stop());
    const { edgeSecret } = JSON.parse(await readFile(join(folder, 'secrets.json'), 'utf8')) as { edgeSecret: string };
    const clock = { ...systemClock, now: () => Date.now() + offMs };
    const secrets = { edgeSecret } as ControlServer['secrets'];
    const { edgeId } = await fleet.add({ url: server.run.control, secrets }, { clock, originUrl: server.run.origin });
    const edges = () =>
      fetch(`${server.run.control}/v1/edges`, { headers: { authorization: `Bearer ${server.run.adminToken}` } });
    type List = { items: { edgeId: string; state: string; clockAheadMs: number }[] };
    const seen = async () => ((await (await edges()).json()) as List).items.find((each) => each.edgeId === edgeId);
    await expect.poll(seen, { timeout: 10_000 }).toMatchObject({ state: 'connected' });
    expect(Math.abs(((await seen())?.clockAheadMs ?? 0) - offMs)).toBeLessThan(2_000);
    const [member] = fleet.members;
    // The origin has no such film, which it says only to edges whose signature it accepts.
    const response = await fetch(`${member?.url}/assets/as_bcdefghjkmnpqrst/master.m3u8?x`);
    expect(response.status).toBe(403);
    expect(member?.edge.origins[0]).toMatchObject({ failures: 0, requests: 1 });
  },
);

/** An edge in a process of its own, that can be killed. */
async function startEdgeProcess(
  control: Pick<ControlServer, 'url' | 'secrets'>,
): Promise<{ url: string; process: ChildProcess }> {
  const command = ['edge', '--origin', fleet.origin.url, '--control', control.url, '--port', '0'];
  const process = spawn(globalThis.process.execPath, [LAUNCHER, ...command, '--data', edgeFolder, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...globalThis.process.env,
      FRONTROW_EDGE_SECRET: control.secrets.edgeSecret,
      FRONTROW_LOG_LEVEL: 'silent',
    },
  });
  others.push(() => process.kill('SIGKILL'));
  let said = '';
  for await (const text of process.stdout as AsyncIterable<Buffer>) {
    said += text;
    if (said.trimEnd().endsWith('}')) break;
  }
  return { url: (JSON.parse(said) as { edge: string }).edge, process };
}
