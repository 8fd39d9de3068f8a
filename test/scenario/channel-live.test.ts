import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { liveChannelPath } from '../../src/kernel/live/paths.ts';
import { ChannelClient } from '../harness/channel-client.ts';
import { TestPublisher, testSource } from '../harness/live.ts';
import { TestServer } from '../harness/server.ts';

let server: TestServer;
let publisher: TestPublisher | undefined;
const clients: ChannelClient[] = [];

beforeAll(async () => {
  server = await TestServer.start();
});

afterAll(async () => {
  for (const { socket } of clients) socket.terminate();
  await publisher?.kill();
  await server.stop();
});

interface Stream {
  readonly streamId: string;
  readonly streamKey: string;
}

async function createStream(about: object = {}): Promise<Stream> {
  const response = await server.api('POST', '/v1/live-streams', { title: 'Test', reconnectSeconds: 0, ...about });
  return (await response.json()) as Stream;
}

/** By what control hands out, as a page would. */
async function granted(streamId: string, expiresInSeconds: number): Promise<{ channelUrl: string; token: string }> {
  const response = await server.api('POST', '/v1/playback-grants', { streamId, expiresInSeconds });
  expect(response.status).toBeLessThan(300);
  return (await response.json()) as { channelUrl: string; token: string };
}

async function joined(url: string): Promise<ChannelClient> {
  const client = new ChannelClient(url);
  clients.push(client);
  await client.message('hello');
  return client;
}

async function listener({ streamId }: Stream): Promise<ChannelClient> {
  const client = new ChannelClient(`${server.run.edge}${liveChannelPath(streamId)}`);
  clients.push(client);
  await client.message('hello');
  client.say({ type: 'subscribe', events: true });
  await client.message('subscribed');
  return client;
}

/** Frames of the picture, as ffmpeg counts them in what a viewer would append. */
async function framesIn(media: Buffer): Promise<number> {
  const args = ['-v', 'error', '-count_frames', '-select_streams', 'v', '-show_entries', 'stream=nb_read_frames'];
  const probe = spawn('ffprobe', [...args, '-of', 'csv=p=0', '-'], { stdio: ['pipe', 'pipe', 'ignore'] });
  let said = '';
  probe.stdout.on('data', (text) => {
    said += String(text);
  });
  probe.stdin.end(media);
  await once(probe, 'close');
  return Number.parseInt(said, 10);
}

test('a publisher is in the picture of those who waited, chat beside it, until he ends', async () => {
  const stream = await createStream();
  const viewer = await listener(stream);
  viewer.say({ type: 'subscribe', video: 'auto', audio: 'auto' });
  publisher = new TestPublisher(testSource(), `${server.run.rtmp}/${stream.streamKey}`);
  const { broadcast } = await viewer.message('state', ({ event }) => event === 'started');
  expect(broadcast).toMatchObject({ number: 1, renditions: [{ name: '180p', kind: 'video' }, { kind: 'audio' }] });
  const video = () => viewer.frames.filter(({ rendition }) => rendition === 0);
  await viewer.until(() => video().length > 12);
  expect(video()[0]?.kind).toBe('init');
  expect(video()[1]?.isIndependent).toBe(true);
  const parts = video().slice(1);
  const media = Buffer.concat(video().map((each) => Buffer.from(each.media, 'latin1')));
  const seconds = parts.reduce((sum, { durationTicks, timescale }) => sum + durationTicks / timescale, 0);
  expect(await framesIn(media)).toBe(Math.round(seconds * 30));
  const sound = viewer.frames.filter(({ rendition, kind }) => rendition === 1 && kind === 'part');
  expect(sound.length).toBeGreaterThan(4);
  viewer.say({ type: 'chat', name: 'Ada', text: 'I can see you', ref: '1' });
  await viewer.message('accepted');
  await publisher.stop();
  const ended = await viewer.message('state', ({ event, state }) => event === 'ended' && state === 'idle');
  const recorded = await viewer.message('state', ({ event }) => event === 'recording');
  const { recordingId, playbackPath } = ended.recording as { recordingId: string; playbackPath: string };
  expect(recorded.recording).toEqual({ recordingId, playbackPath, isReady: true });
  expect((await fetch(`${server.run.edge}${playbackPath}`)).status).toBe(200);
  const late = await listener(stream);
  expect(await late.message('hello')).toMatchObject({ recording: recorded.recording });
  expect((await server.api('PATCH', `/v1/assets/${recordingId}`, { policy: 'signed' })).status).toBe(200);
  await late.message('state', ({ recording }) => recording === null);
  expect(viewer.numbered()).toEqual(viewer.numbered().map((_, at) => at + 1));
}, 90_000);

test('control tells metadata, deletes what was said, and bans who said it', async () => {
  const stream = await createStream();
  const viewer = await listener(stream);
  viewer.say({ type: 'chat', name: 'Mallory', text: 'spam', ref: '1' });
  const { id, author } = (await viewer.message('chat')) as unknown as { id: string; author: { id: string } };
  const base = `/v1/live-streams/${stream.streamId}`;
  expect((await server.api('DELETE', `${base}/chat/messages/${id}`)).status).toBe(204);
  expect(await viewer.message('chat-deleted')).toMatchObject({ ids: [id] });
  expect((await server.api('POST', `${base}/chat/bans`, { authorId: author.id })).status).toBeLessThan(300);
  viewer.say({ type: 'chat', name: 'Mallory', text: 'more', ref: '2' });
  expect(await viewer.message('error')).toMatchObject({ code: 'CHAT_BANNED', ref: '2' });
  expect((await server.api('PATCH', base, { chat: { isOpen: false } })).status).toBe(200);
  expect(await viewer.message('chat-settings')).toMatchObject({ chat: { isOpen: false } });
  expect((await server.api('POST', `${base}/metadata`, { data: { score: 1 } })).status).toBe(409);
}, 60_000);

test('a grant that is revoked ends the channel of whoever came by it, and no other', async () => {
  const { streamId } = await createStream({ policy: 'signed' });
  const [first, second] = [await granted(streamId, 3_600), await granted(streamId, 7_200)];
  const [one, other] = [await joined(first.channelUrl), await joined(second.channelUrl)];
  expect(await one.message('hello')).toMatchObject({ state: 'idle', expiresAtMs: expect.any(Number) });
  expect((await server.api('POST', '/v1/revocations', { token: first.token })).status).toBeLessThan(300);
  expect(await one.ended).toBe(4_003);
  expect(await new ChannelClient(first.channelUrl).ended).toBe(403);
  other.say({ type: 'ping' });
  await other.message('pong');
}, 60_000);

test('a stream that is deleted ends its channel, live or not, also where nobody publishes', async () => {
  const stream = await createStream();
  const viewer = await listener(stream);
  expect((await server.api('DELETE', `/v1/live-streams/${stream.streamId}`)).status).toBe(204);
  expect(await viewer.ended).toBe(4_004);
}, 60_000);
