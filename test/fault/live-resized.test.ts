import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TAG_TYPE } from '../../src/kernel/flv/write.ts';
import { flashTags } from '../harness/flash-tags.ts';
import { freshFolder, removeFolder } from '../harness/folder.ts';
import { LiveServer, type TestStream } from '../harness/live.ts';
import { type Recorded, record } from '../harness/recorded-source.ts';
import { RtmpClient } from '../harness/rtmp-client.ts';

let live: LiveServer;
let folder: string;

beforeAll(async () => {
  live = await LiveServer.start({ environment: { FRONTROW_LOG_LEVEL: 'info' } });
  folder = await freshFolder();
});

afterAll(async () => {
  await live.stop();
  await removeFolder(folder);
});

/** Two sources in one connection, at their own pace, as an encoder sends them. Returns what ends it. */
type Send = (stream: TestStream, parts: readonly Recorded[]) => Promise<() => Promise<unknown>>;

/** What an encoder does that is set up anew: another set-up for pictures, and one for sound, before what follows. */
const byRtmp: Send = async (stream, parts) => {
  const files = await record(parts, 'flv');
  const tags = files.flatMap((file, index) =>
    flashTags(file).filter(({ type }) => index === 0 || type !== TAG_TYPE.script),
  );
  const client = new RtmpClient(Number(new URL(live.server.run.rtmp ?? '').port));
  await client.connect();
  client.publish(stream.streamKey);
  const beganAt = performance.now();
  const sent = (async () => {
    for (const tag of tags) {
      const aheadMs = tag.timestampMs - (performance.now() - beganAt);
      if (aheadMs > 0) await pause(aheadMs);
      if (client.socket.destroyed) return;
      client.sendTag(tag);
    }
  })();
  return async () => {
    client.socket.destroy();
    await sent;
  };
};

let files = 0;

async function transport(parts: readonly Recorded[]): Promise<readonly string[]> {
  files += 1;
  const file = join(folder, `${files}.ts`);
  await writeFile(file, Buffer.concat(await record(parts, 'mpegts')));
  return ['-re', '-f', 'mpegts', '-i', file, '-c', 'copy'];
}

/** Sets of parameters come with the pictures. */
const bySrt: Send = async (stream, parts) => {
  const publisher = live.publish(stream, { source: await transport(parts), door: 'srt' });
  return () => publisher.kill();
};

/** A relay tells one set-up when it begins, and what comes with the pictures later says something else. */
const byRelay: Send = async (stream, parts) => {
  const publisher = live.publish(stream, { source: await transport(parts) });
  return () => publisher.kill();
};

interface Decoded {
  readonly size: string;
  /** How bright it is, from 16 to 235. */
  readonly luma: number;
}

/** A session of a rendition as a player has it: what it begins with, and every segment that is listed. */
async function sessionOf(stream: TestStream, rendition: string, session: number): Promise<Buffer> {
  const folderPath = `/live/${stream.id}/b1/${rendition}`;
  const playlist = await (await live.fetch(`${folderPath}/index.m3u8`)).text();
  const segments = playlist.split('\n').filter((line) => line.startsWith(`${session}/s`));
  expect(segments.length).toBeGreaterThan(1);
  const names = [`${session}/init.mp4`, ...segments];
  return Buffer.concat(
    await Promise.all(names.map(async (name) => (await live.fetch(`${folderPath}/${name}`)).bytes())),
  );
}

/** What a decoder makes of pictures, and what it complains of. */
async function decodedPictures(film: Buffer): Promise<{ pictures: Decoded[]; complaints: string[] }> {
  const args = ['-hide_banner', '-nostats', '-f', 'mp4', '-i', 'pipe:0', '-vf', 'showinfo', '-f', 'null', '-'];
  const child = spawn('ffmpeg', args, { stdio: ['pipe', 'ignore', 'pipe'] });
  child.stdin.on('error', () => {});
  child.stdin.end(film);
  const lines = (await text(child.stderr)).split('\n');
  const pictures = lines.flatMap((line) => {
    const [, size, luma] = / s:(\d+x\d+) .* mean:\[(\d+) /.exec(line) ?? [];
    return size === undefined ? [] : [{ size, luma: Number(luma) }];
  });
  return { pictures, complaints: lines.filter((line) => line.startsWith('[h264')) };
}

/** How often a tone swings in each half of a second, by its crossings of nothing. */
async function hertzOf(film: Buffer): Promise<number[]> {
  const rate = 8_000;
  const args = ['-v', 'error', '-f', 'mp4', '-i', 'pipe:0', '-ac', '1', '-ar', String(rate), '-f', 's16le', 'pipe:1'];
  const child = spawn('ffmpeg', args, { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.on('error', () => {});
  child.stdin.end(film);
  const bytes = await buffer(child.stdout);
  const samples = new Int16Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 2));
  const halves = Math.floor(samples.length / (rate / 2));
  return Array.from({ length: halves }, (_, half) => {
    const some = samples.subarray((half * rate) / 2, ((half + 1) * rate) / 2);
    return some.reduce((count, sample, at) => count + Number(at > 0 && sample >= 0 && (some[at - 1] ?? 0) < 0), 0) * 2;
  });
}

/** Of the sessions of a stream, whether the top rung is the publisher's own packets. */
function copied({ id }: TestStream): boolean[] {
  const lines = live.server.said.split('\n').filter((line) => line.includes(id) && line.includes('a session began'));
  return lines.map((line) => line.includes('"copiesTop":true'));
}

const hasSegmentsOf = (session: number, count: number) => (playlist: string) =>
  playlist.split('\n').filter((line) => line.startsWith(`${session}/s`)).length >= count;

const TEST_PICTURE: Recorded = { picture: 'testsrc2=size=640x360:rate=30', seconds: 8 };
const WHITE: Recorded = { picture: 'color=white:size=320x180:rate=30', seconds: 12 };

test.each([
  ['by RTMP with a new set-up', byRtmp],
  ['by SRT', bySrt],
  ['by a relay that tells no new set-up', byRelay],
])(
  'a source that is passed through and changes its size, %s, goes on in a new session that is encoded',
  async (_, send) => {
    const stream = await live.createStream({ passthrough: 'always' });
    const end = await send(stream, [TEST_PICTURE, WHITE]);
    const playlist = await live.until(stream, 'b1/360p/index.m3u8', hasSegmentsOf(2, 3));
    expect(playlist).toContain('#EXT-X-DISCONTINUITY\n');
    expect(copied(stream)).toEqual([true, false]);
    const before = await decodedPictures(await sessionOf(stream, '360p', 1));
    const after = await decodedPictures(await sessionOf(stream, '360p', 2));
    await end();
    expect(before.complaints).toEqual([]);
    expect(after.complaints).toEqual([]);
    // All that came before the change, from some key frame on, and nothing of what came after it.
    const missing = 30 * TEST_PICTURE.seconds - before.pictures.length;
    expect([missing % 60, missing < 150]).toEqual([0, true]);
    expect(new Set([...before.pictures, ...after.pictures].map(({ size }) => size))).toEqual(new Set(['640x360']));
    expect(Math.max(...before.pictures.map(({ luma }) => luma))).toBeLessThan(200);
    expect(Math.min(...after.pictures.map(({ luma }) => luma))).toBeGreaterThan(220);
  },
  90_000,
);

test.each([
  ['by RTMP, and is passed through', byRtmp, 'always'],
  ['by RTMP, and is encoded', byRtmp, 'never'],
  ['by SRT, and is encoded', bySrt, 'never'],
] as const)(
  'a source whose sound changes its rate and its channels %s, has no moment of another sound or of silence',
  async (_, send, passthrough) => {
    const stream = await live.createStream({ passthrough });
    const { picture } = TEST_PICTURE;
    const end = await send(stream, [
      { picture, seconds: 8, sampleRate: 48_000, channels: 2, hertz: 440 },
      { picture, seconds: 12, sampleRate: 44_100, channels: 1, hertz: 880 },
    ]);
    await live.until(stream, 'b1/audio/index.m3u8', hasSegmentsOf(2, 3));
    const [before, after] = [
      await hertzOf(await sessionOf(stream, 'audio', 1)),
      await hertzOf(await sessionOf(stream, 'audio', 2)),
    ];
    await end();
    // The first half of a second is what encoders begin with.
    for (const hertz of before.slice(1)) expect(Math.abs(hertz - 440)).toBeLessThan(20);
    for (const hertz of after.slice(1)) expect(Math.abs(hertz - 880)).toBeLessThan(20);
    expect(before.length).toBeGreaterThanOrEqual(7);
  },
  90_000,
);

test('a source that is set up anew again and again, and stays what can be passed through, is encoded after a few sessions', async () => {
  const stream = await live.createStream({ passthrough: 'always' });
  const { picture } = TEST_PICTURE;
  const parts = Array.from({ length: 4 }, (_, index) => ({ picture, seconds: 4, references: 1 + (index % 2) }));
  const end = await byRtmp(stream, [...parts, { picture, seconds: 8 }]);
  await live.until(stream, 'b1/360p/index.m3u8', hasSegmentsOf(4, 4));
  expect(copied(stream)).toEqual([true, true, true, false]);
  const { complaints } = await decodedPictures(await sessionOf(stream, '360p', 4));
  await end();
  expect(complaints).toEqual([]);
}, 90_000);

test('a source whose sound is another one every second is sent away, since each of its sessions ends at once', async () => {
  const stream = await live.createStream();
  const picture = 'testsrc2=size=320x180:rate=30';
  const parts = Array.from({ length: 24 }, (_, index) => ({ picture, seconds: 1, channels: 1 + (index % 2) }));
  const end = await byRtmp(stream, parts);
  await live.untilStatus(stream, 'reconnecting');
  expect(copied(stream).length).toBeLessThan(6);
  await end();
}, 90_000);
