import { afterEach, beforeEach, expect, test } from 'vitest';
import { EdgeScenario, HandClock } from '../harness/edge-scenario.ts';

const FRESH = { 'Cache-Control': 'max-age=60', ETag: '"one"' };
const MEBIBYTE = 1_048_576;

let s: EdgeScenario;
beforeEach(async () => {
  s = await new EdgeScenario().start();
});
afterEach(() => s.stop());

/** How often each verdict was reached. */
function verdicts(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { verdict } of s.facts) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}

/** Resolves when so many viewers read the fill of a target; the edge's own count, asked once a turn. */
async function untilFollowing(target: string, readers: number): Promise<void> {
  while (s.edge.readersOf(target) < readers) await new Promise(setImmediate);
}

test.each([20, 300])('one slow origin answers %i viewers with a single fetch', async (count) => {
  const held = s.origin.hold('/a.m4s');
  const viewers = Array.from({ length: count }, () => s.viewer('/a.m4s'));
  await untilFollowing('/a.m4s', count);
  held.release({ headers: FRESH, body: Buffer.alloc(MEBIBYTE, 'x') });
  const answers = await Promise.all(viewers.map((each) => each.answer));
  await s.settled(count);
  expect(new Set(answers.map((each) => each.body.length))).toEqual(new Set([MEBIBYTE]));
  expect(verdicts()).toEqual({ miss: 1, collapsed: count - 1 });
  expect(s.origin.count('/a.m4s')).toBe(1);
});

test('every follower has the first bytes before the origin has sent the last', async () => {
  const held = s.origin.hold('/a.m4s');
  const viewers = Array.from({ length: 5 }, () => s.viewer('/a.m4s'));
  await held.arrived;
  held.head({ headers: FRESH, lengthBytes: 8 });
  held.write('1234');
  await Promise.all(viewers.map((each) => each.received(4)));
  const late = s.viewer('/a.m4s');
  await late.received(4);
  held.write('5678');
  held.end();
  const answers = await Promise.all([...viewers, late].map((each) => each.answer));
  expect(answers.map((each) => each.body.toString())).toEqual(Array(6).fill('12345678'));
  expect(s.origin.count('/a.m4s')).toBe(1);
});

test('a range in hand is served while the rest is still arriving, and one ahead waits for its bytes', async () => {
  const held = s.origin.hold('/a.m4s');
  const leader = s.viewer('/a.m4s');
  await held.arrived;
  held.head({ headers: FRESH, lengthBytes: 10 });
  held.write('01234');
  await leader.received(5);
  const inHand = await s.get('/a.m4s', { headers: { Range: 'bytes=1-3' } });
  expect([inHand.status, inHand.body.toString(), inHand.headers['content-range']]).toEqual([
    206,
    '123',
    'bytes 1-3/10',
  ]);
  const ahead = s.viewer('/a.m4s', { headers: { Range: 'bytes=-3' } });
  expect((await ahead.head).status).toBe(206);
  held.write('56789');
  held.end();
  expect((await ahead.answer).body.toString()).toBe('789');
  expect((await leader.answer).body.toString()).toBe('0123456789');
});

test('a fill outlives the viewer it was started for while others follow', async () => {
  const held = s.origin.hold('/a.m4s');
  const leader = s.viewer('/a.m4s');
  await held.arrived;
  const follower = s.viewer('/a.m4s');
  await untilFollowing('/a.m4s', 2);
  leader.leave();
  await s.settled(1);
  held.release({ headers: FRESH, body: 'still here' });
  expect((await follower.answer).body.toString()).toBe('still here');
  expect(s.origin.count('/a.m4s')).toBe(1);
});

test('a fill that nobody reads and that has hardly begun is given up', async () => {
  const held = s.origin.hold('/a.m4s');
  const leader = s.viewer('/a.m4s');
  await held.arrived;
  held.head({ headers: FRESH, lengthBytes: 10 });
  held.write('01');
  await leader.received(2);
  leader.leave();
  await held.abandoned;
  expect(s.edge.usage).toMatchObject({ cachedBytes: 0, entries: 0, fills: 0 });
});

test('a fill that nobody reads is finished when it has come half the way', async () => {
  const held = s.origin.hold('/a.m4s');
  const leader = s.viewer('/a.m4s');
  await held.arrived;
  held.head({ headers: FRESH, lengthBytes: 10 });
  held.write('012345');
  await leader.received(6);
  leader.leave();
  await s.settled(1);
  held.write('6789');
  held.end();
  while (s.edge.usage.entries === 0) await new Promise(setImmediate);
  const next = await s.get('/a.m4s');
  expect([next.headers['x-cache'], next.body.toString()]).toEqual(['Hit from frontrow', '0123456789']);
});

test('an answer that may not be shared is fetched by each viewer for himself, all at once', async () => {
  const first = s.origin.hold('/private');
  const viewers = Array.from({ length: 4 }, () => s.viewer('/private'));
  await untilFollowing('/private', 4);
  const rest = [s.origin.hold('/private'), s.origin.hold('/private'), s.origin.hold('/private')];
  first.release({ headers: { 'Cache-Control': 'private' }, body: 'yours' });
  // All three are at the origin together before any of them is answered: nobody queues behind another.
  await Promise.all(rest.map((each) => each.arrived));
  for (const each of rest) each.release({ headers: { 'Cache-Control': 'private' }, body: 'yours' });
  await Promise.all(viewers.map((each) => each.answer));
  await s.settled(4);
  expect(verdicts()).toEqual({ bypass: 4 });
  expect(s.facts.map((fact) => fact.reason)).toEqual(Array(4).fill('private'));
  expect(s.origin.count('/private')).toBe(4);
});

test('a follower whose patience ends leads a second fill, and after that is told so', async () => {
  await s.stop();
  s = await new EdgeScenario({ settings: { fillFollowMs: 100 } }).start();
  const first = s.origin.hold('/a.m4s');
  const second = s.origin.hold('/a.m4s');
  const leader = s.viewer('/a.m4s');
  await first.arrived;
  const follower = s.viewer('/a.m4s');
  await second.arrived;
  second.release({ headers: FRESH, body: 'second' });
  expect((await follower.answer).body.toString()).toBe('second');
  first.release({ headers: FRESH, body: 'first' });
  expect((await leader.answer).body.toString()).toBe('first');
});

test('a failure of the origin is tried once more and then told to all who wait', async () => {
  s.origin.script('/a.m4s', (_asked, response) => void response.writeHead(503, { 'Retry-After': '1' }).end('later'));
  const answers = await Promise.all(Array.from({ length: 5 }, () => s.get('/a.m4s')));
  expect(answers.map((each) => [each.status, each.headers['retry-after']])).toEqual(Array(5).fill([503, '1']));
  expect(s.edge.usage.entries).toBe(0);
});

test('variants of a resource are kept apart, also for those who wait for the first of them', async () => {
  const one = s.origin.hold('/v');
  const waitingForOne = [1, 2].map(() => s.viewer('/v', { headers: { 'Accept-Language': 'de' } }));
  const other = s.viewer('/v', { headers: { 'Accept-Language': 'fr' } });
  await untilFollowing('/v', 3);
  const two = s.origin.hold('/v');
  one.release({ headers: { ...FRESH, Vary: 'Accept-Language' }, body: 'hallo' });
  two.release({ headers: { ...FRESH, Vary: 'Accept-Language' }, body: 'bonjour' });
  const answers = await Promise.all([...waitingForOne, other].map((each) => each.answer));
  const bodies = answers.map((each) => each.body.toString());
  expect(bodies.slice(0, 2)).toEqual(Array(2).fill(bodies[0]));
  expect(new Set(bodies)).toEqual(new Set(['hallo', 'bonjour']));
  const again = await s.get('/v', { headers: { 'Accept-Language': 'de' } });
  expect([again.headers['x-cache'], again.body.toString()]).toEqual(['Hit from frontrow', bodies[0]]);
});

test('a viewer of another variant has it while the first one is still arriving, and shares it with others', async () => {
  const vary = { headers: { ...FRESH, Vary: 'Accept-Language' } };
  const one = s.origin.hold('/v');
  const first = s.viewer('/v', { headers: { 'Accept-Language': 'de' } });
  await one.arrived;
  one.head({ ...vary, lengthBytes: 10 });
  one.write('hallo');
  await first.received(5);
  const two = s.origin.hold('/v');
  const others = [1, 2, 3].map(() => s.viewer('/v', { headers: { 'Accept-Language': 'fr' } }));
  const same = s.viewer('/v', { headers: { 'Accept-Language': 'de' } });
  await two.arrived;
  two.release({ ...vary, body: 'bonjour' });
  const answers = await Promise.all(others.map(({ answer }) => answer));
  expect(answers.map(({ status, body }) => [status, body.toString()])).toEqual(Array(3).fill([200, 'bonjour']));
  await same.received(5);
  one.write(' Welt');
  one.end();
  expect((await Promise.all([first.answer, same.answer])).map(({ body }) => body.toString())).toEqual(
    Array(2).fill('hallo Welt'),
  );
  expect(s.origin.count('/v')).toBe(2);
});

test('where an older copy has its place, a viewer of another variant asks for himself', async () => {
  const clock = new HandClock();
  await s.stop();
  s = await new EdgeScenario({ clock }).start();
  s.origin.serve('/v', { headers: { 'Cache-Control': 'max-age=1' }, body: 'as it was' });
  await s.get('/v');
  clock.advance(5);
  const one = s.origin.hold('/v');
  const first = s.viewer('/v', { headers: { 'Accept-Language': 'de' } });
  await one.arrived;
  one.head({ headers: { ...FRESH, Vary: 'Accept-Language' }, lengthBytes: 10 });
  one.write('hallo');
  await first.received(5);
  s.origin.serve('/v', { headers: { ...FRESH, Vary: 'Accept-Language' }, body: 'bonjour' });
  expect((await s.get('/v', { headers: { 'Accept-Language': 'fr' } })).body.toString()).toBe('bonjour');
  one.breakOff();
  await expect(first.answer).rejects.toThrow();
});

test('an older copy is there yet when the first of several variants breaks off', async () => {
  const clock = new HandClock();
  await s.stop();
  s = await new EdgeScenario({ clock }).start();
  s.origin.serve('/v', { headers: { 'Cache-Control': 'max-age=1' }, body: 'as it was' });
  await s.get('/v');
  clock.advance(5);
  const one = s.origin.hold('/v');
  const first = s.viewer('/v', { headers: { 'Accept-Language': 'de' } });
  await one.arrived;
  one.head({ headers: { ...FRESH, Vary: 'Accept-Language' }, lengthBytes: 10 });
  one.write('hallo');
  await first.received(5);
  one.breakOff();
  await expect(first.answer).rejects.toThrow();
  s.origin.serve('/v', { status: 500, body: 'ill' });
  expect((await s.get('/v')).body.toString()).toBe('as it was');
});

test('a change makes old what is on its way, also where nobody else finds it any more', async () => {
  await s.stop();
  s = await new EdgeScenario({ settings: { fillFollowMs: 100 } }).start();
  const held = [s.origin.hold('/a'), s.origin.hold('/a')];
  const first = s.viewer('/a');
  await held[0]?.arrived;
  // Follows, loses patience, and leads another one, which is the one to be found from then on.
  const second = s.viewer('/a');
  await held[1]?.arrived;
  s.origin.serve('/a', { headers: FRESH, body: 'new' });
  expect((await s.get('/a', { method: 'POST', body: 'x' })).status).toBe(200);
  for (const each of held) each.release({ headers: FRESH, body: 'old' });
  await Promise.all([first.answer, second.answer]);
  expect((await s.get('/a')).body.toString()).toBe('new');
});

test('an object too large for the cache is streamed through a bounded window', async () => {
  await s.stop();
  s = await new EdgeScenario({ settings: { cacheBytes: MEBIBYTE } }).start();
  const size = 8 * MEBIBYTE;
  s.origin.serve('/large', { headers: FRESH, body: Buffer.alloc(size, 'l') });
  const answer = await s.get('/large');
  await s.settled(1);
  expect([answer.body.length, s.facts[0]?.verdict, s.facts[0]?.reason]).toEqual([size, 'bypass', 'too-large']);
  expect(s.edge.usage).toMatchObject({ cachedBytes: 0, entries: 0, fills: 0 });
});

test('an answer without a length that outgrows the cache reaches its viewers whole and is not kept', async () => {
  await s.stop();
  s = await new EdgeScenario({ settings: { cacheBytes: MEBIBYTE } }).start();
  const held = s.origin.hold('/endless');
  const viewers = [s.viewer('/endless'), s.viewer('/endless')];
  await untilFollowing('/endless', 2);
  await held.arrived;
  held.head({ headers: FRESH });
  for (let piece = 0; piece < 64; piece += 1) held.write(Buffer.alloc(65_536, 'e'));
  held.end();
  const answers = await Promise.all(viewers.map((each) => each.answer));
  expect(answers.map((each) => each.body.length)).toEqual([64 * 65_536, 64 * 65_536]);
  expect(s.edge.usage).toMatchObject({ cachedBytes: 0, entries: 0, fills: 0 });
});

test('a part of an object too large to keep is cut out by the origin', async () => {
  await s.stop();
  s = await new EdgeScenario({ settings: { cacheBytes: MEBIBYTE } }).start();
  const body = Buffer.alloc(2 * MEBIBYTE, 'p');
  s.origin.script('/large', (asked, response) => {
    const { range } = asked.headers;
    if (!range) response.writeHead(200, { ...FRESH, 'Content-Length': String(body.length) }).end(body);
    else response.writeHead(206, { 'Content-Range': `bytes 4-7/${body.length}`, 'Content-Length': '4' }).end('pppp');
  });
  const part = await s.get('/large', { headers: { Range: 'bytes=4-7' } });
  expect([part.status, part.body.toString()]).toEqual([206, 'pppp']);
});

test('who comes when the first bytes of an outgrown answer are gone fetches for himself', async () => {
  await s.stop();
  s = await new EdgeScenario({ settings: { cacheBytes: MEBIBYTE } }).start();
  const held = s.origin.hold('/endless');
  const leader = s.viewer('/endless');
  await held.arrived;
  held.head({ headers: FRESH });
  held.write(Buffer.alloc(MEBIBYTE / 2, 'e'));
  await leader.received(MEBIBYTE / 2);
  s.origin.serve('/endless', { headers: FRESH, body: 'a new one' });
  expect((await s.get('/endless')).body.toString()).toBe('a new one');
  await s.settled(1);
  expect(s.facts[0]).toMatchObject({ verdict: 'miss', reason: 'absent' });
  held.end();
  expect((await leader.answer).body.length).toBe(MEBIBYTE / 2);
});

test('who comes in the middle of a failure that is not kept asks for himself', async () => {
  const held = s.origin.hold('/a');
  const leader = s.viewer('/a');
  await held.arrived;
  held.head({ status: 500 });
  held.write('it is');
  await leader.received(5);
  s.origin.serve('/a', { headers: FRESH, body: 'well again' });
  expect((await s.get('/a')).body.toString()).toBe('well again');
  held.write(' broken');
  held.end();
  expect((await leader.answer).body.toString()).toBe('it is broken');
});

test.each([
  ['of stated length', true],
  ['of unstated length', false],
])('many readers of a large body %s get every byte while it arrives in small pieces', async (_name, stated) => {
  const held = s.origin.hold('/large');
  const pieces = Array.from({ length: 60 }, (_, at) => Buffer.alloc(40_000, at + 1));
  const body = Buffer.concat(pieces);
  const viewers = Array.from({ length: 40 }, () => s.viewer('/large'));
  await held.arrived;
  held.head({ headers: { 'Cache-Control': 'max-age=60' }, ...(stated ? { lengthBytes: body.length } : {}) });
  for (const piece of pieces) {
    held.write(piece);
    await new Promise((next) => setImmediate(next));
  }
  held.end();
  const answers = await Promise.all(viewers.map(({ answer }) => answer));
  expect(answers.every((each) => each.body.equals(body))).toBe(true);
  expect(s.origin.count('/large')).toBe(1);
});

test('a playlist that was asked for once is still here after a flood of segments that nobody asks for again', async () => {
  await s.stop();
  s = await new EdgeScenario({ settings: { cacheBytes: 4 * MEBIBYTE } }).start();
  s.origin.serve('/film/index.m3u8', { headers: FRESH, body: Buffer.alloc(30_000, '#') });
  s.origin.serve('/film/other.bin', { headers: FRESH, body: Buffer.alloc(30_000, 'o') });
  await s.get('/film/index.m3u8');
  await s.get('/film/other.bin');
  for (let at = 10; at < 60; at += 1) {
    s.origin.serve(`/flood/s${at}.m4s`, { headers: FRESH, body: Buffer.alloc(200_000, 'f') });
    await s.get(`/flood/s${at}.m4s`);
  }
  const playlist = await s.get('/film/index.m3u8');
  const other = await s.get('/film/other.bin');
  expect([playlist, other].map((each) => each.headers['x-cache'])).toEqual(['Hit from frontrow', 'Miss from frontrow']);
});
