import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestStream } from '../harness/live.ts';
import { waitFor } from '../harness/live.ts';
import { fetchListed, LiveFleet, listedSessions, PLAYLIST, untilListed } from '../harness/live-fleet.ts';
import { PostgresServer } from '../harness/postgres.ts';

let postgres: PostgresServer;
let fleet: LiveFleet;
let edge: string;

beforeAll(async () => {
  postgres = await PostgresServer.start();
  fleet = await LiveFleet.start(postgres);
  edge = await fleet.addEdge(fleet.b);
});

afterAll(async () => {
  await fleet.stop();
  await postgres.remove();
});

/** Reloads as players do, each time for the part that comes next. Resolves to what each state was, by its name. */
async function watch({ id }: TestStream, states: number): Promise<Map<string, string>> {
  const seen = new Map<string, string>();
  let query = '';
  while (seen.size < states) {
    const response = await fetch(`${edge}/live/${id}/${PLAYLIST}${query}`);
    expect([response.status, query]).toEqual([200, query]);
    const text = await response.text();
    if (query) seen.set(query, text);
    const [, msn, part] = /PRELOAD-HINT:TYPE=PART,URI="\d+\/s0*(\d+)\.p(\d+)/.exec(text) ?? [];
    query = `?_HLS_msn=${msn}&_HLS_part=${part}`;
  }
  return seen;
}

test('viewers of one node see what is published to another, asked for once, and control of the one reaches the other', async () => {
  const stream = await fleet.createStream();
  const publisher = fleet.publish(fleet.a, stream);
  await untilListed(edge, stream, (text) => listedSessions(text).length > 0);
  const [first, ...others] = await Promise.all([1, 2, 3].map(() => watch(stream, 8)));
  for (const [state, text] of others.flatMap((each) => [...each])) expect(first?.get(state) ?? text).toBe(text);
  const asked = fleet.line.asked.filter((target) => target.includes('_HLS_'));
  expect(asked.length).toBeGreaterThanOrEqual(8);
  expect(new Set(asked).size).toBe(asked.length);
  const playlist = await untilListed(edge, stream);
  expect(await fetchListed(edge, stream, playlist)).toEqual(new Set([200]));

  const viewer = await fleet.join(edge, stream);
  expect(viewer.messages[0]).toMatchObject({ type: 'hello', state: 'live', broadcast: { number: 1 } });
  viewer.say({ type: 'subscribe', video: '180p' });
  await viewer.until(() => viewer.frames.length > 3);
  expect(viewer.frames.slice(0, 2)).toMatchObject([{ kind: 'init' }, { kind: 'part', isIndependent: true }]);
  viewer.say({ type: 'chat', name: 'Mallory', text: 'spam', ref: '1' });
  const { id, author } = (await viewer.message('chat')) as unknown as { id: string; author: { id: string } };
  const base = `/v1/live-streams/${stream.id}`;
  const { api } = fleet.b.server;
  const ask = async (method: string, path: string, body?: unknown) =>
    (await api.call(fleet.b.server, method, `${base}${path}`, body)).status;
  expect(await ask('POST', '/metadata', { data: { score: 1 } })).toBeLessThan(300);
  expect(await viewer.message('metadata')).toMatchObject({ data: { score: 1 } });
  await untilListed(edge, stream, (text) => text.includes('#EXT-X-DATERANGE:'));
  expect(await ask('DELETE', `/chat/messages/${id}`)).toBe(204);
  expect(await viewer.message('chat-deleted')).toMatchObject({ ids: [id] });
  expect(await ask('POST', '/chat/bans', { authorId: author.id })).toBeLessThan(300);
  viewer.say({ type: 'chat', name: 'Mallory', text: 'more', ref: '2' });
  expect(await viewer.message('error')).toMatchObject({ code: 'CHAT_BANNED' });

  const near = await fleet.addEdge(fleet.a);
  await Promise.all([near, near, edge].map((each) => fleet.join(each, stream)));
  await viewer.message('viewers', ({ count }) => count === 4);
  expect(await ask('POST', '/end')).toBeLessThan(300);
  await viewer.message('state', ({ event }) => event === 'ended');
  await publisher.ended();
});

test('a publisher goes on at another node when it was lost, and its viewers with it', async () => {
  const stream = await fleet.createStream();
  const publisher = fleet.publish(fleet.a, stream);
  const before = await untilListed(edge, stream, (text) => listedSessions(text).length > 1);
  const viewer = await fleet.join(edge, stream);
  viewer.say({ type: 'subscribe', video: '180p' });
  await viewer.until(() => viewer.frames.length > 1);

  const telling = await fleet.b.server.api('POST', `/v1/live-streams/${stream.id}/metadata`, { data: { score: 1 } });
  expect(telling.status).toBe(202);
  const told = /#EXT-X-DATERANGE:.*/;
  const [moment] = told.exec(await untilListed(edge, stream, (text) => told.test(text))) ?? [];

  const second = fleet.publish(fleet.b, stream);
  await second.ended();
  expect(second.said).toContain('LIVE_STREAM_BUSY');
  await publisher.kill();
  await fleet.untilStatus(stream, 'reconnecting');
  const another = fleet.publish(fleet.b, stream);
  const after = await untilListed(edge, stream, (text) => listedSessions(text).at(-1) === 2);
  expect(another.said).toBe('');
  expect(told.exec(after)?.[0]).toBe(moment);

  // All numbers, without a gap: the node that was left has recorded what it had.
  const sessions = listedSessions(after);
  expect(sessions.slice(0, listedSessions(before).length)).toEqual(listedSessions(before));
  expect(sessions).toEqual(sessions.map((_, at) => (at < sessions.indexOf(2) ? 1 : 2)));
  expect(after.match(/#EXT-X-DISCONTINUITY\n/g)).toHaveLength(1);
  expect(await fetchListed(edge, stream, after)).toEqual(new Set([200]));
  const near = await fleet.addEdge(fleet.a);
  expect(await fetchListed(near, stream, await untilListed(near, stream))).toEqual(new Set([200]));

  await viewer.until(() => viewer.frames.some(({ kind, session }) => kind === 'part' && session === 2));
  const hellos = viewer.messages.filter(({ type }) => type === 'hello');
  expect(new Set(hellos.map(({ epoch }) => epoch)).size).toBe(2);
  expect(hellos.map(({ state }) => state)).not.toContain('idle');
  expect(viewer.messages.map(({ event }) => event)).not.toContain('ended');
  expect((await fleet.stream(stream, fleet.a)).broadcast).toMatchObject({ number: 1 });
});

test('what control of one node decides about a stream without a broadcast reaches those who wait at another', async () => {
  const stream = await fleet.createStream();
  const near = await fleet.addEdge(fleet.a);
  const viewer = await fleet.join(near, stream);
  const far = await fleet.join(edge, stream);
  viewer.say({ type: 'chat', name: 'Mallory', text: 'spam', ref: '1' });
  const { id, author } = (await viewer.message('chat')) as unknown as { id: string; author: { id: string } };
  const base = `/v1/live-streams/${stream.id}`;
  expect((await fleet.b.server.api('DELETE', `${base}/chat/messages/${id}`)).status).toBe(204);
  expect(await viewer.message('chat-deleted')).toMatchObject({ ids: [id] });
  const banned = await fleet.b.server.api('POST', `${base}/chat/bans`, { authorId: author.id });
  expect(banned.status).toBeLessThan(300);
  await waitFor('the ban to hold', async () => {
    viewer.say({ type: 'chat', name: 'Mallory', text: 'more', ref: String(Math.random()).slice(2, 12) });
    await new Promise((next) => setTimeout(next, 500));
    return viewer.messages.some(({ code }) => code === 'CHAT_BANNED') || undefined;
  });
  expect((await fleet.b.server.api('DELETE', base)).status).toBeLessThan(300);
  expect(await Promise.all([viewer.ended, far.ended])).toEqual([4004, 4004]);
});
