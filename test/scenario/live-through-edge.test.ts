import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { livePlaylistUri } from '../../src/kernel/live/paths.ts';
import { EdgeScenario } from '../harness/edge-scenario.ts';
import { CONFIG } from '../harness/film-edge.ts';
import { LiveSource, SOURCE_FORMAT } from '../harness/live-source.ts';
import { PackagedLive, STREAM } from '../harness/packaged-live.ts';

const BASE = `/live/${STREAM}/`;
const NONE = { msn: 0, part: -1, uri: '' };

let origin: PackagedLive;
let s: EdgeScenario;
let source: LiveSource;
let folder: string;
beforeEach(async () => {
  origin = await PackagedLive.start();
  const packager = origin.packager(SOURCE_FORMAT);
  packager.openSession({ number: 1, beganAtMs: Date.now() }, ['90p', '180p', 'audio']);
  source = new LiveSource({
    init: (rendition, bytes) => packager.takeInit(rendition, bytes),
    fragment: (rendition, fragment) => packager.takeFragment(rendition, fragment),
  });
  folder = await mkdtemp(join(tmpdir(), 'frontrow-live-edge-'));
  await writeFile(join(folder, 'edge-config.json'), JSON.stringify(CONFIG));
  const options = { mode: 'film', clock: systemClock, dataDir: folder } as const;
  s = await new EdgeScenario({ ...options, originUrl: origin.url }).start();
});
afterEach(async () => {
  await source.stop();
  await s.stop();
  await origin.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Listed {
  readonly msn: number;
  readonly part: number;
  readonly uri: string;
}

/** All parts that a playlist lists. */
function partsIn(text: string): Listed[] {
  return [...text.matchAll(/^#EXT-X-PART:[^\n]*URI="([^"]*)"/gm)].map(([, uri = '']) => {
    const [, msn, part] = /s(\d+)\.p(\d+)\.m4s$/.exec(uri) ?? [];
    return { msn: Number(msn), part: Number(part), uri };
  });
}

function isAfter(one: Listed, other: Listed): boolean {
  return one.msn > other.msn || (one.msn === other.msn && one.part > other.part);
}

async function text(path: string): Promise<string> {
  const { status, body } = await s.get(BASE + path, { headers: { 'Accept-Encoding': 'identity' } });
  expect([status, body.toString()]).toEqual([200, expect.anything()]);
  return body.toString();
}

test('viewers follow a broadcast part by part through an edge, at one request a state and a part', async () => {
  await expect.poll(async () => (await s.get(`${BASE}master.m3u8`)).status, { timeout: 20_000 }).toBe(200);
  const playlist = livePlaylistUri(1, '180p');
  await expect.poll(async () => partsIn(await text(playlist)), { timeout: 20_000 }).not.toEqual([]);
  let [newest = NONE] = partsIn(await text(playlist)).slice(-1);
  const parts = new Map<string, Buffer>();
  const before = origin.asked.length;
  const states = 16;
  for (let state = 0; state < states; state++) {
    const next = `${playlist}?_HLS_msn=${newest.msn}&_HLS_part=${newest.part + 1}`;
    const [told] = await Promise.all([text(next), text(next), text(next)]);
    // More than one where the source was held up.
    const fresh = partsIn(told).filter((each) => isAfter(each, newest));
    for (const { uri } of fresh) {
      const { status, body } = await s.get(BASE + playlist.replace('index.m3u8', uri));
      expect(status).toBe(200);
      parts.set(uri, body);
    }
    newest = fresh.at(-1) ?? newest;
  }
  const asked = origin.asked.slice(before).filter((target) => !target.startsWith('/access/'));
  expect(asked).toEqual([...new Set(asked)]);
  expect(parts.size).toBeGreaterThanOrEqual(states);
  const whole = [...parts.keys()].map((uri) => /^(.*s\d+)\.p0\.m4s$/.exec(uri)?.[1]).find((uri) => uri !== undefined);
  const ofWhole = [...parts].filter(([uri]) => uri.startsWith(`${whole}.p`)).map(([, body]) => body);
  const segment = await s.get(BASE + playlist.replace('index.m3u8', `${whole}.m4s`));
  expect(segment.body.subarray(0, Buffer.concat(ofWhole).length).equals(Buffer.concat(ofWhole))).toBe(true);
});
