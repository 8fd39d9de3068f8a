import type { ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import type { EdgeScenario } from '../harness/edge-scenario.ts';
import { LiveEdges } from '../harness/live-edges.ts';
import { LiveOrigin } from '../harness/live-origin.ts';
import { ScriptedOrigin } from '../harness/origin.ts';
import { RawViewer } from '../harness/raw-viewer.ts';

const { playlistPath: playlist, mediaPath: media } = LiveOrigin;
const state = (msn: number, part: number, rendition = '720p') =>
  playlist(rendition, `_HLS_msn=${msn}&_HLS_part=${part}`);

/** A playlist in which this part is there, and not only hinted. */
const listed = (msn: number, part: number) => new RegExp(`^#EXT-X-PART:[^\\n]*s00${msn}\\.p${part}\\.m4s`, 'm');

let edges: LiveEdges;
let live: LiveOrigin;
let origin: ScriptedOrigin;
afterEach(() => edges.stop());

async function startOrigin(partBytes?: number): Promise<void> {
  edges = await LiveEdges.start(partBytes);
  ({ live, origin } = edges);
}

async function waiting(s: EdgeScenario, count: number): Promise<void> {
  await expect.poll(() => s.edge.usage.waiting, { timeout: 10_000 }).toBe(count);
}

test('an edge that is cut off says so by the last playlist, and goes on when it is back', async () => {
  await startOrigin();
  const proxy = await edges.line();
  const s = await edges.edge({ originBreakerMs: 100 }, { originUrl: proxy.url });
  const last = await s.get(playlist());
  const viewers = Array.from({ length: 20 }, () => s.viewer(state(103, 0)));
  await waiting(s, 20);
  proxy.cut();
  for (const { status, body, headers } of await Promise.all(viewers.map((each) => each.answer))) {
    expect([status, body.toString()]).toEqual([200, last.body.toString()]);
    expect(headers['cache-status']).toContain('origin-failed');
  }
  live.publish();
  proxy.mend();
  await expect.poll(async () => (await s.get(state(103, 0))).body.toString()).toMatch(listed(103, 0));
  expect((await s.get(media('1/s00103.p0.m4s'))).status).toBe(200);
});

test('an edge that stops lets viewers go who wait for a stream that stands still, by the last playlist', async () => {
  await startOrigin();
  const s = await edges.edge();
  const last = await s.get(playlist());
  const viewers = Array.from({ length: 20 }, () => s.viewer(state(103, 0)));
  await waiting(s, 20);
  const from = performance.now();
  const stopping = s.edge.stop();
  for (const { status, body } of await Promise.all(viewers.map((each) => each.answer)))
    expect([status, body.toString()]).toEqual([200, last.body.toString()]);
  await stopping;
  // Long before the origin would have given up, and before everybody is cut off.
  expect(performance.now() - from).toBeLessThan(5_000);
});

test('an origin that nothing is heard of does not hold viewers for longer than a state may take, and loses no trust by it', async () => {
  await startOrigin();
  const proxy = await edges.line();
  const s = await edges.edge({ edgeLiveHoldMs: 1_000 }, { originUrl: proxy.url });
  const last = await s.get(playlist());
  await expect.poll(() => live.count(media('1/s00103.p0.m4s'))).toBe(1);
  const viewers = Array.from({ length: 5 }, () => s.viewer(state(103, 0)));
  await waiting(s, 5);
  proxy.silence();
  for (const { status, body } of await Promise.all(viewers.map((each) => each.answer)))
    expect([status, body.toString()]).toEqual([200, last.body.toString()]);
  expect(s.edge.origins[0]).toMatchObject({ circuit: 'closed', failures: 0 });
  live.publish();
  proxy.mend();
  expect((await s.get(state(103, 0))).body.toString()).toMatch(listed(103, 0));
});

test('an origin that starts anew under viewers who wait is asked once more, for all of them', async () => {
  await startOrigin();
  const s = await edges.edge();
  const port = Number(new URL(origin.url).port);
  const viewers = Array.from({ length: 100 }, () => s.viewer(state(103, 0)));
  await waiting(s, 100);
  await expect.poll(() => live.held).toBe(1);
  const again = new LiveOrigin();
  await origin.stop();
  const next = await new ScriptedOrigin().start(port);
  edges.onStop(() => next.stop());
  next.otherwise(({ target }, response) => again.answer(target, response));
  await expect.poll(() => again.held).toBeGreaterThan(0);
  again.publish();
  const answers = await Promise.all(viewers.map((each) => each.answer));
  expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200));
  expect(again.count(state(103, 0))).toBeLessThanOrEqual(2);
});

test('what the origin refuses is refused to all who wait, and asked for once', async () => {
  await startOrigin();
  const s = await edges.edge();
  const next = state(103, 0);
  const held = origin.hold(next);
  const viewers = Array.from({ length: 30 }, () => s.viewer(next));
  await held.arrived;
  await waiting(s, 30);
  held.release({
    status: 503,
    headers: { 'Cache-Control': 'no-store', 'Retry-After': '1' },
    body: 'held for too long',
  });
  const answers = await Promise.all(viewers.map((each) => each.answer));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
  expect(origin.count(next)).toBe(1);
});

test('a flood of joins is let in as far as there is room, and the rest is told when to come again', async () => {
  await startOrigin();
  const s = await edges.edge({ edgeLiveWaiters: 200 });
  const viewers = Array.from({ length: 300 }, () => s.viewer(state(103, 0)));
  const heads = viewers.map((each) => each.head.then(({ status }) => status));
  await waiting(s, 200);
  await expect.poll(() => s.facts.filter(({ status }) => status === 503).length, { timeout: 10_000 }).toBe(100);
  live.publish();
  const statuses = await Promise.all(heads);
  expect(statuses.filter((status) => status === 200)).toHaveLength(200);
  expect(live.count(state(103, 0))).toBe(1);
});

/** Each viewer by an address of his own, as a proxy in front of the edge tells it. */
const BEHIND_PROXY = { edgeTrustedProxies: '127.0.0.1' };
const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } });

test('names of states that no player asks for are held for one broadcast up to a limit', async () => {
  await startOrigin();
  const s = await edges.edge(BEHIND_PROXY);
  origin.otherwise(() => {});
  const viewers = Array.from({ length: 1_100 }, (_, at) => s.viewer(state(at, 0), from(`192.0.2.${at % 50}`)));
  const first = await Promise.race(viewers.map((each) => each.head));
  expect(first.status).toBe(503);
  await waiting(s, 1_024);
  for (const each of viewers) each.leave();
  await waiting(s, 0);
  await expect.poll(() => s.edge.usage.fills).toBe(0);
});

test.each([
  ['an address', () => '198.51.100.7'],
  ['a /64', (at: number) => `2001:db8:0:7::${at.toString(16)}`],
])('a viewer who has %s to ask from and asks for ever other things keeps nobody else waiting', async (_, address) => {
  await startOrigin();
  const s = await edges.edge(BEHIND_PROXY);
  const answer = ({ target }: { target: string }, response: ServerResponse) =>
    // Nothing is known of a rendition, and the origin waits for whatever comes, as one that is in trouble might.
    target.includes('flooded') ? undefined : live.answer(target, response);
  origin.otherwise(answer);
  await s.get(playlist('720p'), from('192.0.2.1'));
  const greedy = Array.from({ length: 1_500 }, (_, at) =>
    s.viewer(playlist(`flooded${at % 10}`, `_HLS_msn=${at}`), from(address(at))),
  );
  await expect.poll(() => s.facts.filter(({ status }) => status === 503).length, { timeout: 20_000 }).toBe(1_500 - 128);
  for (let part = 0; part < 8; part++) {
    const players = [1, 2, 3].map((each) => s.viewer(state(103 + (part >> 2), part % 4), from(`192.0.2.${each}`)));
    await waiting(s, 128 + 3);
    live.publish();
    for (const { status } of await Promise.all(players.map((each) => each.answer))) expect(status).toBe(200);
    const uri = media(`1/s00${103 + (part >> 2)}.p${part % 4}.m4s`);
    expect((await s.get(uri, from('192.0.2.2'))).status).toBe(200);
  }
  for (const each of greedy) each.leave();
  await waiting(s, 0);
});

test('a viewer who asks for every state around the newest has the origin asked for few, and the flood for none ahead', async () => {
  await startOrigin();
  const s = await edges.edge();
  await s.get(state(102, 3));
  const asked = Array.from({ length: 2_000 }, (_, msn) =>
    s.viewer(playlist('720p', `_HLS_msn=${msn}&_HLS_part=${msn % 9}`)),
  );
  // All but those of the next few segments are answered at once.
  await expect.poll(() => s.facts.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(1 + 2_000 - 8);
  const states = live.asked.filter((each) => each.includes('_HLS_msn'));
  expect(states.length).toBeLessThanOrEqual(64);
  expect(s.facts.filter(({ status }) => status === 503)).toEqual([]);
  for (const each of asked) each.leave();
});

test('who asks for every state that an origin holds, of all renditions, leaves room for those who play', async () => {
  await startOrigin();
  const s = await edges.edge(BEHIND_PROXY);
  origin.otherwise(() => {});
  const wordings = ['', '&_HLS_skip=YES', '&_HLS_skip=v2'];
  const places = [103, 104].flatMap((msn) => [`_HLS_msn=${msn}`, ...parts(9).map((part) => `_HLS_msn=${msn}&${part}`)]);
  const renditions = ['1080p', '720p', '540p', '360p', '240p', 'audio'];
  const all = renditions.flatMap((name) =>
    places.flatMap((place) => wordings.map((wording) => playlist(name, `${place}${wording}`))),
  );
  const greedy = all.map((target, at) => s.viewer(target, from(`192.0.2.${at % 10}`)));
  await waiting(s, all.length);
  s.viewer(state(103, 0, '180p'), from('192.0.2.200'));
  await waiting(s, all.length + 1);
  for (const each of greedy) each.leave();
});

const parts = (count: number) => Array.from({ length: count }, (_, at) => `_HLS_part=${at}`);

test('viewers who never read cost those who do nothing', async () => {
  await startOrigin(4_000_000);
  const s = await edges.edge();
  await s.get(playlist());
  live.publish();
  const part = media('1/s00103.p0.m4s');
  const deaf = Array.from({ length: 20 }, () => {
    const viewer = new RawViewer(s.url).send(`GET ${part} HTTP/1.1\r\nHost: edge\r\n\r\n`);
    viewer.socket.pause();
    return viewer;
  });
  edges.onStop(async () => {
    for (const each of deaf) each.socket.destroy();
  });
  for (let at = 0; at < 3; at++) expect((await s.get(part)).body.length).toBe(4_000_000);
  expect(live.count(part)).toBe(1);
  const next = s.viewer(state(103, 1));
  await waiting(s, 1);
  live.publish();
  expect((await next.answer).status).toBe(200);
});
