import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigFeed, readConfig } from '../../src/edge/config-feed.ts';
import { Upstream } from '../../src/edge/upstream.ts';
import { EDGE_SIGNATURE_HEADER, verifyEdgeRequest } from '../../src/kernel/access/edge-signature.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { CONFIG, KEY_PAIR_ID } from '../harness/film-edge.ts';
import { ScriptedOrigin } from '../harness/origin.ts';

const FIRST = '/v1/edge/config?after=&wait=0';
const NEXT = '/v1/edge/config?after=v1&wait=20';
const times = { originConnectMs: 500, originConnectAttempts: 1, originFirstByteMs: 5_000, originIdleMs: 5_000 };

let control: ScriptedOrigin;
let dataDir: string;
let feed: ConfigFeed;
let upstream: Upstream;

beforeEach(async () => {
  control = await new ScriptedOrigin().start();
  dataDir = await mkdtemp(join(tmpdir(), 'frontrow-feed-'));
});
afterEach(async () => {
  await feed.stop();
  await upstream.stop();
  await control.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(heardMs = 5_000): Promise<void> {
  upstream = new Upstream(control.url, times);
  feed = new ConfigFeed({ control: upstream, edgeSecret: 'secret', dataDir, clock: systemClock, log: silentLog });
  await feed.start();
  await feed.heard(heardMs);
}

function copyOnDisk(): Promise<string> {
  return readFile(join(dataDir, 'edge-config.json'), 'utf8');
}

test('the configuration is taken at the start, kept on disk, and followed', async () => {
  control.serve(FIRST, { body: JSON.stringify(CONFIG) });
  const held = control.hold(NEXT);
  const after = control.hold('/v1/edge/config?after=v2&wait=20');
  await start();
  expect(feed.find(KEY_PAIR_ID)?.asymmetricKeyType).toBe('rsa');
  const asked = await held.arrived;
  const signature = String(asked.headers[EDGE_SIGNATURE_HEADER]);
  expect(verifyEdgeRequest('secret', 'GET', NEXT, signature, Date.now())).toBe(true);
  expect(JSON.parse(await copyOnDisk())).toEqual(CONFIG);
  held.release({ body: JSON.stringify({ ...CONFIG, version: 'v2', keys: [] }) });
  await after.arrived;
  expect([feed.version, feed.find(KEY_PAIR_ID)]).toEqual(['v2', undefined]);
});

test('an edge starts from the copy on disk while control is away', async () => {
  await writeFile(join(dataDir, 'edge-config.json'), JSON.stringify(CONFIG));
  await control.stop();
  await start(50);
  expect([feed.version, feed.find(KEY_PAIR_ID) === undefined]).toEqual(['v1', false]);
});

test('a configuration with one bad key is refused as a whole', async () => {
  control.serve(FIRST, { body: JSON.stringify(CONFIG) });
  const broken = { ...CONFIG, version: 'v2', keys: [...CONFIG.keys, { keyPairId: 'K2', publicKeyPem: 'nonsense' }] };
  control.serve(NEXT, { body: JSON.stringify(broken) });
  await start();
  await control.until(NEXT, 2);
  expect([feed.version, feed.find(KEY_PAIR_ID) === undefined]).toEqual(['v1', false]);
  expect(JSON.parse(await copyOnDisk())).toEqual(CONFIG);
});

test('a copy on disk that was cut off is passed over', async () => {
  await writeFile(join(dataDir, 'edge-config.json'), JSON.stringify(CONFIG).slice(0, 40));
  control.serve(FIRST, { body: JSON.stringify(CONFIG) });
  control.hold(NEXT);
  await start();
  expect(feed.version).toBe('v1');
});

test.each([
  ['no JSON', '{'],
  ['no version', JSON.stringify({ ...CONFIG, version: '' })],
  ['keys of another type', JSON.stringify({ ...CONFIG, keys: [{ keyPairId: 1 }] })],
  ['origins of another type', JSON.stringify({ ...CONFIG, credentialOrigins: [1] })],
  ['a list', '[]'],
])('is not a configuration: %s', async (_what, text) => {
  await start(1);
  expect(() => readConfig(text)).toThrow(expect.objectContaining({ code: 'ORIGIN_INVALID' }));
});
