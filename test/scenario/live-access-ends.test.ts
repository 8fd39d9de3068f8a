import { createPrivateKey } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { signToken } from '../../src/kernel/access/grant-token.ts';
import { type ControlServer, startControl } from '../harness/control-server.ts';
import { EdgeFleet, type FleetMember } from '../harness/edge-fleet.ts';
import { freshFolder, removeFolder } from '../harness/folder.ts';
import { LiveOrigin, STREAM } from '../harness/live-origin.ts';

vi.setConfig({ testTimeout: 30_000 });

const MASTER = `/live/${STREAM}/master.m3u8`;
const ALL = [
  MASTER,
  LiveOrigin.playlistPath(),
  LiveOrigin.playlistPath('720p', '_HLS_msn=102&_HLS_part=1'),
  LiveOrigin.mediaPath('1/init.mp4'),
  LiveOrigin.mediaPath('1/s00101.m4s'),
  LiveOrigin.mediaPath('1/s00102.p1.m4s'),
];
/** Of a grant or of what is public: as docs/edges.md and docs/live.md have it. */
const ENDS_WITHIN_MS = 2_000;

let folder: string;
let server: ControlServer;
let fleet: EdgeFleet;
let edge: FleetMember;
let live: LiveOrigin;

beforeEach(async () => {
  folder = await freshFolder();
  server = await startControl({ folder, feedBeatMs: 200 });
  fleet = await new EdgeFleet().start();
  live = new LiveOrigin();
  fleet.origin.otherwise(({ target }, response) => live.answer(target, response));
  edge = await fleet.add(server);
});
afterEach(async () => {
  await fleet.stop();
  await server.stop();
  await removeFolder(folder);
});

function policy(known: 'public' | 'signed' | 'deleted'): void {
  const answer = known === 'deleted' ? { status: 404, body: '{}' } : { body: JSON.stringify({ policy: known }) };
  fleet.origin.serve(`/access/${STREAM}`, answer);
}

function grant(path = `/live/${STREAM}/*`): string {
  const { keyPairId, privateKeyPem } = server.secrets.grantKey;
  const terms = { paths: [path], expiresAtMs: Date.now() + 3_600_000 };
  return signToken(terms, keyPairId, createPrivateKey(privateKeyPem));
}

async function statuses(token?: string): Promise<Set<number>> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answers = await Promise.all(ALL.map((path) => fetch(edge.url + path, { headers })));
  await Promise.all(answers.map((each) => each.arrayBuffer()));
  return new Set(answers.map(({ status }) => status));
}

/** How long all of a broadcast is answered otherwise, from now on. */
async function untilAll(status: number, token?: string): Promise<number> {
  const from = performance.now();
  await expect.poll(() => statuses(token), { timeout: 10_000, interval: 50 }).toEqual(new Set([status]));
  return performance.now() - from;
}

test('a grant that is revoked ends playlists, segments and parts, also those that the edge has', async () => {
  policy('signed');
  const [revoked, other] = [grant(), grant('/live/*')];
  expect([await statuses(revoked), await statuses(other)]).toEqual([new Set([200]), new Set([200])]);
  expect((await server.call('/v1/revocations', { json: { token: revoked } })).status).toBe(201);
  expect(await untilAll(403, revoked)).toBeLessThan(ENDS_WITHIN_MS);
  expect(await statuses(other)).toEqual(new Set([200]));
});

test('a public stream that is deleted ends for everybody, though the edge has its media', async () => {
  policy('public');
  expect(await statuses()).toEqual(new Set([200]));
  policy('deleted');
  expect(await untilAll(403)).toBeLessThan(ENDS_WITHIN_MS + 500);
});

test('a stream that is deleted ends for those who have a grant, and is refused like any other to those who have none', async () => {
  policy('signed');
  const token = grant();
  expect(await statuses(token)).toEqual(new Set([200]));
  policy('deleted');
  expect(await untilAll(404, token)).toBeLessThan(ENDS_WITHIN_MS + 500);
  expect(await statuses()).toEqual(new Set([403]));
});

test('a public stream that becomes signed is watched on by those with a grant, and by nobody else', async () => {
  policy('public');
  expect(await statuses()).toEqual(new Set([200]));
  policy('signed');
  expect(await untilAll(403)).toBeLessThan(ENDS_WITHIN_MS + 500);
  expect(await statuses(grant())).toEqual(new Set([200]));
});

test('while the origin cannot be asked the last word stands', async () => {
  policy('public');
  expect(await statuses()).toEqual(new Set([200]));
  fleet.origin.serve(`/access/${STREAM}`, { status: 503, body: '{}' });
  const until = performance.now() + ENDS_WITHIN_MS + 500;
  while (performance.now() < until) expect((await fetch(edge.url + ALL[4])).status).toBe(200);
});
