import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigFeed } from '../../src/edge/feed/config-feed.ts';
import { EdgeKeys } from '../../src/edge/feed/keys.ts';
import type { StateTaker } from '../../src/edge/feed/section.ts';
import { EdgeSigner } from '../../src/edge/signer.ts';
import { Upstream } from '../../src/edge/upstream.ts';
import { edgeCredentialOf, verifyEdge } from '../../src/kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../src/kernel/access/edge-signature.ts';
import { type Clock, systemClock } from '../../src/kernel/clock.ts';
import { type FeedMessage, parseFeedMessage, readPosition } from '../../src/kernel/edge-feed/message.ts';
import { type Log, silentLog } from '../../src/kernel/log.ts';
import { EDGE_ID, FLEET_SECRET } from '../harness/edge-scenario.ts';
import { CONFIG, KEY_PAIR_ID, KEYS } from '../harness/film-edge.ts';
import { ScriptedFeed } from '../harness/scripted-feed.ts';

const times = { originConnectMs: 500, originConnectAttempts: 1, originFirstByteMs: 5_000, originIdleMs: 0 };

let control: ScriptedFeed;
let dataDir: string;
let feed: ConfigFeed;
let edgeKeys: EdgeKeys;
let upstream: Upstream;

beforeEach(async () => {
  control = await new ScriptedFeed().start();
  dataDir = await mkdtemp(join(tmpdir(), 'frontrow-feed-'));
});
afterEach(async () => {
  await feed?.stop();
  await upstream?.stop();
  await control.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Works by the section `site` unless it is told not to. */
class Site implements StateTaker {
  readonly name = 'site';
  value: unknown = 'none';
  check(value: unknown): () => void {
    if (value === 'broken') throw new Error('cannot be used');
    return () => {
      this.value = value;
    };
  }
}

async function start(heardMs = 5_000, clock: Clock = systemClock, log: Log = silentLog): Promise<Site> {
  const site = new Site();
  edgeKeys = new EdgeKeys();
  upstream = new Upstream(control.url, times);
  const credential = edgeCredentialOf(FLEET_SECRET, EDGE_ID);
  const signer = new EdgeSigner({ credential, clock, fleet: edgeKeys, asksPeers: false });
  feed = new ConfigFeed({ control: upstream, signer, dataDir, log, takers: [edgeKeys, site] });
  await feed.start();
  await feed.heard(heardMs);
  return site;
}

const keys = (version: string, value: unknown = KEYS) => ({ keys: { version, value } });
const site = (version: string, value: unknown) => ({ site: { version, value } });
const copyOnDisk = () => readFile(join(dataDir, 'edge-config.json'), 'utf8');
const hasKey = () => edgeKeys.find(KEY_PAIR_ID) !== undefined;

test('the configuration is taken at the start, kept on disk, and followed over one answer', async () => {
  control.greet(keys('v1'));
  await start();
  expect(edgeKeys.find(KEY_PAIR_ID)?.asymmetricKeyType).toBe('rsa');
  const [asked] = control.asked;
  const signature = String(asked?.headers[EDGE_SIGNATURE_HEADER]);
  expect(verifyEdge(FLEET_SECRET, 'GET', asked?.target ?? '', signature, Date.now())).toBe(EDGE_ID);
  await expect.poll(copyOnDisk).toContain('"version":"v1"');
  control.tell(keys('v2', { ...KEYS, keys: [] }));
  await expect.poll(hasKey).toBe(false);
  await expect.poll(copyOnDisk).toContain('"version":"v2"');
  expect(control.asked.length).toBe(1);
});

test('an edge starts from the copy on disk while control is away', async () => {
  await writeFile(join(dataDir, 'edge-config.json'), JSON.stringify(CONFIG));
  await control.stop();
  await start(50);
  expect([feed.revision, hasKey()]).toEqual([1, true]);
});

test('an edge that comes back says what it has', async () => {
  await writeFile(join(dataDir, 'edge-config.json'), JSON.stringify(CONFIG));
  control.greet({});
  await start();
  expect(control.positions[0]).toMatchObject({ lineage: 'test', states: { keys: 'v1' } });
});

test('a message of which one section cannot be used changes nothing, on disk neither', async () => {
  control.greet({ ...keys('v1'), ...site('s1', 'first') });
  const taken = await start();
  await expect.poll(copyOnDisk).toContain('"s1"');
  const before = await copyOnDisk();
  control.greet({});
  control.tell({ ...keys('v2', { ...KEYS, keys: [] }), ...site('s2', 'broken') });
  await expect.poll(() => control.positions.length).toBe(2);
  expect([taken.value, hasKey(), await copyOnDisk()]).toEqual(['first', true, before]);
  expect(feed.refusal).toMatchObject({ section: 'site', version: 's2' });
});

test('what was refused is named to control, so that the rest goes on, until there is another version of it', async () => {
  control.greet({ ...keys('v1'), ...site('s1', 'broken') });
  const taken = await start();
  control.greet(keys('v1'));
  await expect.poll(hasKey).toBe(true);
  expect(control.positions.at(-1)).toMatchObject({ states: {}, refused: { site: 's1' } });
  control.tell(site('s2', 'second'));
  await expect.poll(() => taken.value).toBe('second');
  expect(feed.refusal).toBeUndefined();
});

test('how other edges fare, which changes all the time, is no news to whoever reads the log', async () => {
  const lines: object[] = [];
  control.greet(keys('v1'));
  await start(5_000, systemClock, { ...silentLog, info: (fields) => lines.push(fields) });
  control.tell({ edges: { version: 'e1', value: { edges: [] } } });
  control.tell({ edges: { version: 'e2', value: { edges: [] } }, ...keys('v2') });
  await expect.poll(() => lines).toMatchObject([{ sections: ['keys'] }, { sections: ['edges', 'keys'] }]);
});

test('an edge that can use nothing it is sent does not ask all the time', async () => {
  control.greet(keys('v1', { ...KEYS, keys: [{ keyPairId: 'K2', publicKeyPem: 'nonsense' }] }));
  await start();
  const from = performance.now();
  await expect.poll(() => control.asked.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(4);
  // Half of 250, 500 and 1000 ms at least.
  expect(performance.now() - from).toBeGreaterThan(700);
});

test('an edge that hears nothing for three heartbeats asks anew', async () => {
  control.beatMs = 50;
  control.greet(keys('v1'));
  await start();
  await expect.poll(() => control.asked.length).toBe(2);
});

test('an answer that breaks off in the middle of a message changes nothing and is asked for anew', async () => {
  control.greet(keys('v1'));
  await start();
  const half = JSON.stringify(control.message(keys('v2', { ...KEYS, keys: [] }))).slice(0, 60);
  control.write(half);
  control.cut();
  await expect.poll(() => control.positions.at(1)?.states).toEqual({ keys: 'v1' });
  expect(hasKey()).toBe(true);
});

test.each([
  ['cut off', JSON.stringify(CONFIG).slice(0, 40)],
  ['of another form', '{"version":"v1","keys":[]}'],
  ['with a key that is none', JSON.stringify({ ...CONFIG, states: { keys: { version: 'v1', value: { keys: 1 } } } })],
])('a copy on disk that is %s is passed over', async (_what, text) => {
  await writeFile(join(dataDir, 'edge-config.json'), text);
  control.greet(keys('v1'));
  await start();
  expect(control.positions[0]?.states).toEqual({});
  expect(hasKey()).toBe(true);
});

const MESSAGE: FeedMessage = { lineage: 'test', revision: 1, nowMs: 0, beatMs: 1, sections: {} };

test.each([
  ['no JSON', '{'],
  ['no lineage', JSON.stringify({ ...MESSAGE, lineage: '' })],
  ['a number of another type', JSON.stringify({ ...MESSAGE, revision: '1' })],
  ['a section without a version', JSON.stringify({ ...MESSAGE, sections: { keys: { value: 1 } } })],
  [
    'a log that does not say how far it goes',
    JSON.stringify({ ...MESSAGE, sections: { log: { after: 1, entries: [] } } }),
  ],
  ['a list', '[]'],
])('is not a message: %s', (_what, text) => {
  expect(() => parseFeedMessage(text)).toThrow(expect.objectContaining({ code: 'ORIGIN_INVALID' }));
});

test('a position that nobody could have written is none', () => {
  expect(readPosition({ lineage: 'a', states: 'x:1,:,y', logs: 'z:-1,w:9', refused: '' })).toEqual({
    lineage: 'a',
    states: { x: '1' },
    logs: { w: 9 },
    refused: {},
  });
});

test('an edge whose clock is off learns the time from control, and signs by that', async () => {
  control.refuseUnsigned = FLEET_SECRET;
  control.greet(keys('v1'));
  await start(5_000, { now: () => Date.now() + 90_000 });
  expect(hasKey()).toBe(true);
});
