import { afterAll, beforeAll, expect, test } from 'vitest';
import { LiveServer, waitFor } from '../harness/live.ts';

interface StreamBody {
  readonly streamId: string;
  readonly streamKey: string;
  readonly status: string;
  readonly ingest: Readonly<Record<string, string>>;
  readonly broadcast?: { readonly number: number; readonly endReason?: string; readonly recordingId?: string };
}

let live: LiveServer;

beforeAll(async () => {
  live = await LiveServer.start();
});

afterAll(() => live.stop());

async function ask<Body = StreamBody>(method: string, path: string, body?: unknown): Promise<Body> {
  const response = await live.server.api(method, `/v1/${path}`, body);
  const text = await response.text();
  expect([path, response.status < 300 ? '2xx' : text]).toEqual([path, '2xx']);
  return JSON.parse(text) as Body;
}

const untilStatus = (streamId: string, status: string) =>
  waitFor(`${streamId} to be ${status}`, async () => {
    const stream = await ask('GET', `live-streams/${streamId}`);
    return stream.status === status ? stream : undefined;
  });

test('a stream is made, goes live, gets another key in the middle, is spoken into, and ends by the API', async () => {
  const made = await ask('POST', 'live-streams', { title: 'Harbour', passthrough: 'never' });
  const { streamId } = made;
  expect(made.ingest).toMatchObject({
    rtmp: live.server.run.rtmp,
    srt: expect.stringMatching(/^srt:/),
    websocket: `${live.server.run.control.replace('http', 'ws')}/live/ingest`,
    whip: `${live.server.run.control}/live/whip`,
  });
  const first = live.publish(made);
  await live.until({ id: streamId }, 'b1/180p/index.m3u8', (text) => text.includes('#EXT-X-PART:'));
  await untilStatus(streamId, 'live');

  const renewed = await ask('POST', `live-streams/${streamId}/stream-key`);
  await first.ended();
  await untilStatus(streamId, 'reconnecting');
  const refused = live.publish(made);
  await refused.ended();
  const second = live.publish(renewed);
  const back = await untilStatus(streamId, 'live');
  expect(back.broadcast).toMatchObject({ number: 1 });

  await ask('POST', `live-streams/${streamId}/metadata`, { data: { score: [2, 1] } });
  const { metadataId } = await ask<{ metadataId: string }>('POST', `live-streams/${streamId}/metadata`, { data: 'x' });
  await live.until({ id: streamId }, 'b1/180p/index.m3u8', (text) => text.includes(`ID="${metadataId}"`));

  const ended = await ask('POST', `live-streams/${streamId}/end`);
  expect(ended).toMatchObject({ status: 'idle', broadcast: { number: 1, endReason: 'requested' } });
  await second.ended();
  await live.until({ id: streamId }, 'b1/180p/index.m3u8', (text) => text.includes('#EXT-X-ENDLIST'));
  const recording = await ask<{ status: string }>('GET', `assets/${ended.broadcast?.recordingId}`);
  expect(recording.status).toBe('ready');
});

const ENDS = [
  ['a broadcast that is ended by the API is', 'POST', '/end', undefined, 'idle'],
  ['a stream that is disabled is', 'PATCH', '', { isDisabled: true }, 'idle'],
  ['a key that is replaced is', 'POST', '/stream-key', undefined, 'reconnecting'],
] as const;

test.each(ENDS)('%s so for the backup too', async (_, method, path, body, status) => {
  const made = await ask('POST', 'live-streams', { passthrough: 'never' });
  const first = live.publish(made);
  await untilStatus(made.streamId, 'live');
  const others = [live.publish(made), live.publish(made)];
  // One of the two stands by, and there is no room for the other.
  await Promise.race(others.map((other) => other.ended()));
  expect(first.process.exitCode).toBeNull();
  await ask(method, `live-streams/${made.streamId}${path}`, body);
  await Promise.all([first, ...others].map((publisher) => publisher.ended()));
  const { broadcast } = await untilStatus(made.streamId, status);
  expect(broadcast?.number).toBe(1);
});

test('a signed stream is watched by a grant, and by nobody else', async () => {
  const made = await ask('POST', 'live-streams', { passthrough: 'never', policy: 'signed' });
  const { streamId } = made;
  live.publish(made);
  await untilStatus(streamId, 'live');
  const { url, token } = await ask<{ url: string; token: string }>('POST', 'playback-grants', { streamId });
  const media = `${live.server.run.edge}/live/${streamId}/b1/180p/index.m3u8`;
  const authorization = { authorization: `Bearer ${token}` };
  const master = await waitFor('the master playlist', async () => {
    const response = await fetch(url);
    return response.ok ? await response.text() : undefined;
  });
  await waitFor('the media playlist', async () => (await fetch(media, { headers: authorization })).ok || undefined);
  const child = master.split('\n').find((line) => line.includes('180p/index.m3u8')) ?? '';
  expect((await fetch(new URL(child, url))).status).toBe(200);
  expect((await fetch(media)).status).toBe(403);
  const other = await ask('POST', 'live-streams', { policy: 'signed' });
  const foreign = media.replace(streamId, other.streamId);
  expect((await fetch(foreign, { headers: authorization })).status).toBe(403);
});

test('a stream that is disabled or deleted while it is live ends, and its publisher goes', async () => {
  const goLive = async () => {
    const made = await ask('POST', 'live-streams', { passthrough: 'never' });
    const publisher = live.publish(made);
    await untilStatus(made.streamId, 'live');
    return { path: `live-streams/${made.streamId}`, publisher };
  };
  const first = await goLive();
  const disabled = await ask('PATCH', first.path, { isDisabled: true });
  expect(disabled).toMatchObject({ status: 'idle', broadcast: { endReason: 'disabled' } });
  await first.publisher.ended();
  const second = await goLive();
  expect((await live.server.api('DELETE', `/v1/${second.path}`)).status).toBe(204);
  await second.publisher.ended();
  expect((await live.server.api('GET', `/v1/${second.path}`)).status).toBe(404);
});
