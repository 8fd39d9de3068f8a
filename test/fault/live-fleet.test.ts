import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Message } from '../harness/channel-client.ts';
import { waitFor } from '../harness/live.ts';
import { fetchListed, LiveFleet, listedSessions, PLAYLIST, untilListed } from '../harness/live-fleet.ts';
import { PostgresServer } from '../harness/postgres.ts';

let postgres: PostgresServer;
let fleet: LiveFleet;

beforeAll(async () => {
  postgres = await PostgresServer.start();
  fleet = await LiveFleet.start(postgres);
});

afterAll(async () => {
  await fleet.stop();
  await postgres.remove();
});

/** All numbers in each rendition, sessions one after the other, and each object as long as its row says. */
async function expectConsistent(recordingId: string): Promise<void> {
  const rows = await fleet.rowsOf(recordingId);
  expect(rows.length).toBeGreaterThan(0);
  for (const [rendition, own] of Map.groupBy(rows, (row) => row.rendition)) {
    expect(own.map(({ sequence }) => sequence)).toEqual(own.map((_, at) => at));
    const sessions = own.map(({ session }) => session);
    expect(sessions).toEqual(sessions.toSorted((one, other) => one - other));
    const folder = join(fleet.mediaOf(recordingId), 'v1', rendition);
    for (const { sequence, bytes, gap } of own) {
      const file = join(folder, `s${String(sequence).padStart(5, '0')}.m4s`);
      if (!gap) expect([file, (await stat(file)).size]).toEqual([file, bytes]);
    }
  }
}

/** That a message of the channel tells of. */
function sessionIn({ broadcast }: Message): number | undefined {
  return (broadcast as { session?: { number: number } | null } | null)?.session?.number;
}

const hasTwo = (text: string) => listedSessions(text).length > 1;
/** A node that follows another leaves out numbers of sessions too. */
const isFollowed = (text: string) => Number(listedSessions(text).at(-1)) > 1;

test('broadcasts of a node that is killed go on at another one, or are ended by it', async () => {
  const edge = await fleet.addEdge(fleet.a, fleet.b);
  const stream = await fleet.createStream();
  const forsaken = await fleet.createStream({ reconnectSeconds: 1 });
  for (const each of [stream, forsaken]) fleet.publish(fleet.a, each);
  const before = await untilListed(edge, stream, hasTwo);
  await untilListed(edge, forsaken, hasTwo);
  const viewer = await fleet.join(edge, stream);
  await fleet.a.kill();

  let after = '';
  await fleet.publishUntil(fleet.b, stream, async () => {
    after = await untilListed(edge, stream);
    return isFollowed(after);
  });
  const sessions = listedSessions(after);
  const count = listedSessions(before).length;
  expect(sessions.slice(0, count)).toEqual(listedSessions(before));
  // What the dead node may have begun to show is missing, under numbers of its own.
  const [missing, next] = [sessions.indexOf('gap'), sessions.lastIndexOf('gap') + 1];
  expect(next - missing).toBeGreaterThan(1);
  const following = sessions.at(-1);
  expect(sessions).toEqual(
    sessions.map((_, at) => {
      if (at < missing) return 1;
      return at < next ? 'gap' : following;
    }),
  );
  expect(await fetchListed(edge, stream, after)).toEqual(new Set([200]));
  await viewer.until(() => viewer.messages.some((each) => sessionIn(each) === following));
  expect(viewer.messages.map(({ state }) => state)).not.toContain('idle');

  const { broadcast } = await fleet.untilStatus(forsaken, 'idle');
  expect(broadcast).toMatchObject({ number: 1, endReason: 'interrupted' });
  await fleet.untilReady(broadcast?.recordingId ?? '');
  const files = await fleet.rowsOf(broadcast?.recordingId ?? '');

  await fleet.a.start();
  expect(await readdir(join(fleet.a.folder, 'live'))).not.toContain(broadcast?.recordingId);
  expect(await fleet.rowsOf(broadcast?.recordingId ?? '')).toEqual(files);
  const recordingId = await fleet.recordingOf(stream);
  expect((await fleet.a.server.api('POST', `/v1/live-streams/${stream.id}/end`)).status).toBeLessThan(300);
  await fleet.untilReady(recordingId);
  await expectConsistent(recordingId);
});

test('a node that stood still finds that its broadcast is at another one, and touches nothing of it', async () => {
  const edge = await fleet.addEdge(fleet.b);
  const stream = await fleet.createStream();
  const publisher = fleet.publish(fleet.a, stream);
  await untilListed(edge, stream, hasTwo);
  const recordingId = await fleet.recordingOf(stream);
  fleet.a.freeze();
  await fleet.publishUntil(fleet.b, stream, async () => isFollowed(await untilListed(edge, stream)));
  await untilListed(edge, stream, (text) => listedSessions(text).filter((each) => Number(each) > 1).length > 1);
  fleet.a.thaw();
  await publisher.ended();
  const near = await fleet.addEdge(fleet.a);
  const playlist = await untilListed(near, stream, isFollowed);
  expect(await fetchListed(near, stream, playlist)).toEqual(new Set([200]));
  expect((await fleet.b.server.api('POST', `/v1/live-streams/${stream.id}/end`)).status).toBeLessThan(300);
  await fleet.untilReady(recordingId);
  await expectConsistent(recordingId);
  expect(await readdir(join(fleet.a.folder, 'live'))).not.toContain(recordingId);
});

test('a database that is started again costs viewers nothing, and what was live meanwhile is recorded after it', async () => {
  const edge = await fleet.addEdge(fleet.b);
  const stream = await fleet.createStream({ reconnectSeconds: 0 });
  const publisher = fleet.publish(fleet.a, stream);
  await untilListed(edge, stream, hasTwo);
  const recordingId = await fleet.recordingOf(stream);
  const count = listedSessions(await untilListed(edge, stream)).length;
  await postgres.stop();
  const statuses = new Set<number>();
  await waitFor('four more segments', async () => {
    const response = await fetch(`${edge}/live/${stream.id}/${PLAYLIST}`);
    statuses.add(response.status);
    return listedSessions(await response.text()).length >= count + 4 || undefined;
  });
  expect(statuses).toEqual(new Set([200]));
  await postgres.startAgain();
  await untilListed(edge, stream, (text) => listedSessions(text).length >= count + 5);
  expect(publisher.process.exitCode).toBeNull();
  await publisher.stop();
  await fleet.untilStatus(stream, 'idle');
  await fleet.untilReady(recordingId);
  await expectConsistent(recordingId);
  const rows = await fleet.rowsOf(recordingId);
  expect(rows.filter(({ gap, session }) => gap || session !== 1)).toEqual([]);
});
