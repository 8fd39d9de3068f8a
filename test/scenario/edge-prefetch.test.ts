import { afterEach, describe, expect, test } from 'vitest';
import { EdgeScenario, HandClock } from '../harness/edge-scenario.ts';
import { PUBLIC, startFilmEdge } from '../harness/film-edge.ts';

const FOLDER = `/assets/${PUBLIC}/v1/360p/`;
const IMMUTABLE = { 'Cache-Control': 'public, max-age=31536000, immutable' };
const PENDING = { status: 503, headers: { 'Retry-After': '1' }, body: 'not yet' };

let s: EdgeScenario;
let clock: HandClock;
let stop: (() => Promise<void>) | undefined;
afterEach(() => stop?.());

/** A film of so many segments whose playlist one viewer has fetched. */
async function watched(segments: number, settings: object = {}): Promise<void> {
  ({ s, clock, stop } = await startFilmEdge({ settings }));
  const lines = Array.from({ length: segments }, (_, at) => `#EXTINF:4,\n${name(at)}\n`).join('');
  const body = `#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI="init.mp4"\n${lines}#EXT-X-ENDLIST\n`;
  s.origin.serve(`${FOLDER}index.m3u8`, { headers: { 'Cache-Control': 'max-age=60' }, body });
  for (let at = 0; at < segments; at++) s.origin.serve(segment(at), { headers: IMMUTABLE, body: `bytes of ${at}` });
  await s.get(`${FOLDER}index.m3u8`);
}

function name(at: number): string {
  return `s${String(at).padStart(5, '0')}.m4s`;
}

function segment(at: number): string {
  return FOLDER + name(at);
}

/** Resolves when what was fetched ahead has arrived; the scripted origin knows of requests only. */
async function stored(entries: number): Promise<void> {
  await expect.poll(() => s.edge.usage).toMatchObject({ entries, fills: 0 });
}

test('the segment behind the one a viewer gets is there before anybody asks for it', async () => {
  await watched(3);
  await s.get(segment(0));
  await s.origin.until(segment(1), 1);
  await stored(3);
  const next = await s.get(segment(1));
  expect([next.body.toString(), next.headers['x-cache']]).toEqual(['bytes of 1', 'Hit from frontrow']);
  await s.origin.until(segment(2), 1);
  expect(s.origin.count(segment(1))).toBe(1);
});

test('what is fetched ahead is no viewer request', async () => {
  await watched(3);
  await s.get(segment(0));
  await stored(3);
  expect(s.facts.map(({ path }) => path)).toEqual([`${FOLDER}index.m3u8`, segment(0)]);
  expect(s.origin.last(segment(0))?.headers['sec-purpose']).toBeUndefined();
  expect(s.origin.last(segment(1))?.headers['sec-purpose']).toBe('prefetch');
});

test('a viewer who asks while it is on its way joins it', async () => {
  await watched(2);
  const held = s.origin.hold(segment(1));
  await s.get(segment(0));
  await held.arrived;
  const viewer = s.viewer(segment(1));
  await expect.poll(() => s.edge.readersOf(segment(1))).toBe(1);
  held.release({ headers: IMMUTABLE, body: 'bytes of 1' });
  expect((await viewer.answer).body.toString()).toBe('bytes of 1');
  await s.settled(3);
  expect(s.facts.at(-1)).toMatchObject({ path: segment(1), verdict: 'collapsed' });
  expect(s.origin.count(segment(1))).toBe(1);
});

test('a segment that is not there yet is left alone for a moment, and no viewer gets the answer of before', async () => {
  await watched(2);
  const held = s.origin.hold(segment(1));
  await s.get(segment(0));
  await held.arrived;
  const viewer = s.viewer(segment(1));
  await expect.poll(() => s.edge.readersOf(segment(1))).toBe(1);
  held.release(PENDING);
  expect((await viewer.answer).body.toString()).toBe('bytes of 1');
  expect(s.origin.count(segment(1))).toBe(2);
});

test('after a failure the next attempt is a while away', async () => {
  await watched(2);
  s.origin.serve(segment(1), PENDING);
  await s.get(segment(0));
  await s.origin.until(segment(1), 1);
  await stored(2);
  await s.get(segment(0));
  await s.get(segment(0));
  expect(s.origin.count(segment(1))).toBe(1);
  clock.advance(3);
  await s.get(segment(0));
  await s.origin.until(segment(1), 2);
});

test('no more than eight are on their way ahead at once', async () => {
  await watched(30, { prefetchSegments: 4 });
  const watching = [0, 5, 10, 15, 20, 25];
  for (let at = 0; at < 30; at++) if (!watching.includes(at)) s.origin.hold(segment(at));
  for (const at of watching) await s.get(segment(at));
  expect(s.edge.usage.fills).toBe(8);
});

test('nothing is fetched ahead when it is switched off', async () => {
  await watched(2, { prefetchSegments: 0 });
  await s.get(segment(0));
  await s.get(segment(0));
  expect(s.edge.usage.fills).toBe(0);
  expect(s.origin.count(segment(1))).toBe(0);
});

test('a playlist that points elsewhere makes the edge fetch nothing there', async () => {
  await watched(1);
  const body = `#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n${name(0)}\n#EXTINF:4,\n../720p/${name(1)}\n#EXTINF:4,\n${s.origin.url}/secret\n`;
  s.origin.serve(`/assets/${PUBLIC}/v1/480p/index.m3u8`, { headers: { 'Cache-Control': 'max-age=60' }, body });
  s.origin.serve(`/assets/${PUBLIC}/v1/480p/${name(0)}`, { headers: IMMUTABLE, body: 'x' });
  await s.get(`/assets/${PUBLIC}/v1/480p/index.m3u8`);
  const before = s.origin.asked.length;
  await s.get(`/assets/${PUBLIC}/v1/480p/${name(0)}`);
  expect(s.edge.usage.fills).toBe(0);
  expect(s.origin.asked.length).toBe(before + 1);
});

describe('in front of another origin', () => {
  const LIVE = '/live/720p/';
  const MINUTE = { 'Cache-Control': 'max-age=60' };

  /** A stream whose playlist one viewer has fetched. */
  async function streamed(lines: readonly string[], fields: Record<string, string> = {}): Promise<void> {
    clock = new HandClock();
    s = await new EdgeScenario({ clock }).start();
    stop = () => s.stop();
    const body = `#EXTM3U\n#EXT-X-TARGETDURATION:4\n${lines.map((line) => `#EXTINF:4,\n${line}\n`).join('')}`;
    s.origin.serve(`${LIVE}index.m3u8`, { headers: MINUTE, body });
    for (const line of lines)
      s.origin.serve(LIVE + line, { headers: { ...MINUTE, ...fields }, body: `bytes of ${line}` });
    await s.get(`${LIVE}index.m3u8`);
  }

  test('the next segment is asked for as its viewer would, and is there when he comes', async () => {
    await streamed(['a.ts?k=1', 'b.ts?k=2', 'c.ts?k=3']);
    await s.get(`${LIVE}a.ts?k=1`, {
      headers: {
        cookie: 'theme=dark',
        'user-agent': 'a player',
        range: 'bytes=0-',
        'sec-purpose': 'prefetch;prerender',
      },
    });
    await s.origin.until(`${LIVE}b.ts?k=2`, 1);
    expect(s.origin.last(`${LIVE}b.ts?k=2`)?.headers).toMatchObject({
      cookie: 'theme=dark',
      'user-agent': 'a player',
      'sec-purpose': 'prefetch',
    });
    expect(s.origin.last(`${LIVE}b.ts?k=2`)?.headers.range).toBeUndefined();
    await expect.poll(() => s.edge.usage.fills).toBe(0);
    const next = await s.get(`${LIVE}b.ts?k=2`);
    expect([next.body.toString(), next.headers['x-cache']]).toEqual(['bytes of b.ts?k=2', 'Hit from frontrow']);
    expect(s.origin.count(`${LIVE}b.ts?k=2`)).toBe(1);
  });

  test('nothing is asked for ahead with somebody’s Authorization', async () => {
    await streamed(['a.ts', 'b.ts'], { 'Cache-Control': 'public, max-age=60' });
    await s.get(`${LIVE}a.ts`, { headers: { authorization: 'Bearer of one' } });
    await s.get(`${LIVE}a.ts`, { headers: { authorization: 'Bearer of one' } });
    expect(s.edge.usage.fills).toBe(0);
    expect(s.origin.count(`${LIVE}b.ts`)).toBe(0);
  });

  test('an absence that was found out ahead is told to nobody, whatever it says of its lifetime', async () => {
    await streamed(['a.ts', 'b.ts']);
    s.origin.serve(`${LIVE}b.ts`, { status: 404, headers: MINUTE, body: 'not yet' });
    await s.get(`${LIVE}a.ts`);
    await s.origin.until(`${LIVE}b.ts`, 1);
    await expect.poll(() => s.edge.usage.fills).toBe(0);
    s.origin.serve(`${LIVE}b.ts`, { headers: MINUTE, body: 'here' });
    expect((await s.get(`${LIVE}b.ts`)).body.toString()).toBe('here');
  });

  test('a segment that is asked for too early is asked for again a second later', async () => {
    await streamed([]);
    s.origin.serve(`${LIVE}a.ts`, { status: 404, headers: MINUTE, body: 'not yet' });
    await s.get(`${LIVE}a.ts`);
    expect((await s.get(`${LIVE}a.ts`)).headers['x-cache']).toBe('Error from frontrow');
    expect(s.origin.count(`${LIVE}a.ts`)).toBe(1);
    s.origin.serve(`${LIVE}a.ts`, { headers: MINUTE, body: 'here' });
    clock.advance(1);
    expect((await s.get(`${LIVE}a.ts`)).body.toString()).toBe('here');
  });
});
