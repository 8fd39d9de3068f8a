import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type TestStream, waitFor } from '../harness/live.ts';
import { LiveFleet, listedSessions, PLAYLIST, untilListed } from '../harness/live-fleet.ts';
import { PostgresServer } from '../harness/postgres.ts';

// What keeps a node from writing over another that has taken its broadcast over. Each has one thing in hand at the moment
// that counts: a statement that has not come to the database yet says which.

/** The first statement of whatever is recorded, whether or not it is fenced. */
const RECORDING = [
  'from "broadcasts" where "recording_id"',
  'insert into "recording_segments"',
  'insert into "recording_sessions"',
];
const RENEWAL = 'update "live_streams" set "owned_until"';

let postgres: PostgresServer;
let fleet: LiveFleet;

beforeAll(async () => {
  postgres = await PostgresServer.start();
  fleet = await LiveFleet.start(postgres);
});

afterEach(() => fleet.statements.release());

afterAll(async () => {
  await fleet.stop();
  await postgres.remove();
});

interface OnAir {
  readonly stream: TestStream;
  readonly recordingId: string;
  readonly near: string;
}

/** A stream that is published to at A, and an edge there. */
async function onAir(options: { readonly reconnectSeconds?: number } = {}) {
  const stream = await fleet.createStream(options);
  const publisher = fleet.publish(fleet.a, stream);
  const near = await fleet.addEdge(fleet.a);
  await untilListed(near, stream, (text) => listedSessions(text).length > 1);
  return { stream, publisher, near, recordingId: await fleet.recordingOf(stream) };
}

/** Numbers that viewers have something of, down to the newest part. */
function lastShown(playlist: string): number {
  const there = playlist.split('\n').filter((line) => !line.startsWith('#EXT-X-PRELOAD-HINT:'));
  return Math.max(...there.flatMap((line) => [...line.matchAll(/\/s(\d+)\./g)].map(([, number]) => Number(number))));
}

/** From here on A shows what it cannot record; resolves to a playlist that has so many numbers of it. */
async function showUnrecorded({ stream, recordingId, near }: OnAir, count: number): Promise<string> {
  fleet.statements.hold(...RECORDING);
  await waitFor('rows to be on their way', async () => fleet.statements.held >= 2 || undefined);
  const last = Math.max(...(await fleet.rowsOf(recordingId)).map(({ sequence }) => sequence));
  return untilListed(near, stream, (text) => lastShown(text) >= last + count);
}

/** All that lies in the store and in the database of a recording. */
async function kept(recordingId: string) {
  const files = await readdir(fleet.mediaOf(recordingId), { recursive: true });
  return { files: files.sort(), rows: await fleet.rowsOf(recordingId) };
}

async function untilForsaken(recordingId: string): Promise<void> {
  const folder = join(fleet.a.folder, 'live');
  await waitFor('A to give it up', async () => !(await readdir(folder)).includes(recordingId) || undefined);
}

test('rows that were on their way when their node stood still come too late for a recording that another has finished', async () => {
  const air = await onAir({ reconnectSeconds: 1 });
  await showUnrecorded(air, 2);
  fleet.a.freeze();
  await fleet.untilStatus(air.stream, 'idle');
  await fleet.untilReady(air.recordingId);
  const before = await kept(air.recordingId);
  fleet.a.thaw();
  fleet.statements.release();
  await air.publisher.ended();
  await untilForsaken(air.recordingId);
  expect(await kept(air.recordingId)).toEqual(before);
});

test('a node that stood still stores nothing of what it goes on to show, before it hears that its stream is not its own', async () => {
  const air = await onAir({ reconnectSeconds: 1 });
  fleet.a.freeze();
  await fleet.untilStatus(air.stream, 'idle');
  await fleet.untilReady(air.recordingId);
  const before = await kept(air.recordingId);
  const last = Math.max(...before.rows.map(({ sequence }) => sequence));
  fleet.statements.hold(RENEWAL);
  fleet.a.thaw();
  await untilListed(air.near, air.stream, (text) => listedSessions(text).length > last + 2);
  fleet.statements.release();
  await air.publisher.ended();
  await untilForsaken(air.recordingId);
  expect(await kept(air.recordingId)).toEqual(before);
});

test('an end is shown by another node when the last of it is recorded, and not before', async () => {
  const air = await onAir();
  await showUnrecorded(air, 2);
  const ended = fleet.b.server.api('POST', `/v1/live-streams/${air.stream.id}/end`);
  await fleet.untilStatus(air.stream, 'idle');
  const isEnded = (text: string) => text.endsWith('#EXT-X-ENDLIST\n');
  const whole = await untilListed(air.near, air.stream, isEnded);
  const far = await fleet.addEdge(fleet.b);
  const early = await untilListed(far, air.stream);
  expect([isEnded(early), listedSessions(early).length < listedSessions(whole).length]).toEqual([false, true]);
  fleet.statements.release();
  expect((await ended).status).toBeLessThan(300);
  expect(listedSessions(await untilListed(far, air.stream, isEnded))).toEqual(listedSessions(whole));
});

test('whoever follows a node that was killed gives none of the numbers that it showed, recorded or not', async () => {
  const air = await onAir();
  const shown = await showUnrecorded(air, 4);
  await fleet.a.kill();
  fleet.statements.release();
  const far = await fleet.addEdge(fleet.b);
  let after = '';
  await fleet.publishUntil(fleet.b, air.stream, async () => {
    after = await (await fetch(`${far}/live/${air.stream.id}/${PLAYLIST}`)).text();
    return Number(listedSessions(after).at(-1)) > 1;
  });
  const sessions = listedSessions(after);
  const first = sessions.findIndex((session) => Number(session) > 1);
  expect(first).toBeGreaterThan(lastShown(shown));
  const recorded = sessions.indexOf('gap');
  expect(sessions.slice(recorded, first)).toEqual(sessions.slice(recorded, first).map(() => 'gap'));
  expect(sessions.slice(0, recorded)).toEqual(sessions.slice(0, recorded).map(() => 1));
  await fleet.a.start();
});
