import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasPartsOf, LiveServer, secondsOf, segmentsOf, waitFor } from '../harness/live.ts';

let live: LiveServer;

beforeAll(async () => {
  live = await LiveServer.start();
});

afterAll(() => live.stop());

const PLAYLIST = 'b1/180p/index.m3u8';

// biome-ignore format: options read in pairs
const ENCODED = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];

/** Of a part of the first picture, from 0 to 255. */
async function brightness(film: Uint8Array, part: string): Promise<number> {
  const average = ['-vf', `crop=${part},scale=1:1:flags=area`, '-frames:v', '1', '-pix_fmt', 'gray', '-f', 'rawvideo'];
  const args = ['-v', 'error', '-f', 'mp4', '-i', 'pipe:0', ...average, 'pipe:1'];
  const child = spawn('ffmpeg', args, { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.on('error', () => {}); // one picture is enough for it
  child.stdin.end(film);
  return (await buffer(child.stdout))[0] ?? Number.NaN;
}

test('a source whose clock jumps goes on in a new session', async () => {
  const stream = await live.createStream();
  const jump = "setpts='PTS+if(gte(N,150),30/TB,0)'";
  const sound = "asetpts='PTS+if(gte(N,215),30/TB,0)'";
  // biome-ignore format: options read in pairs
  const source = [
    '-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30', '-re', '-f', 'lavfi', '-i', 'sine=sample_rate=44100',
    '-vf', jump, '-af', sound, '-fps_mode', 'passthrough', ...ENCODED,
  ];
  const publisher = live.publish(stream, { source });
  const text = await live.until(stream, PLAYLIST, hasPartsOf(2));
  // Nothing is listed that is thirty seconds long.
  const total = secondsOf(text);
  expect(total).toBeLessThan(15);
  await publisher.stop();
});

test('a source whose clock stands still is encoded by when it came', async () => {
  const stream = await live.createStream();
  // biome-ignore format: options read in pairs
  const source = [
    '-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30', '-re', '-f', 'lavfi', '-i', 'sine=sample_rate=44100',
    ...ENCODED, '-bsf:v', "setts=pts='if(gte(N,90),PREV_OUTPTS+1,PTS)':dts='if(gte(N,90),PREV_OUTDTS+1,DTS)'",
    '-bsf:a', "setts=pts='if(gte(N,130),PREV_OUTPTS+1,PTS)':dts='if(gte(N,130),PREV_OUTDTS+1,DTS)'",
  ];
  const publisher = live.publish(stream, { source });
  const text = await live.until(stream, PLAYLIST, (playlist) => hasPartsOf(2)(playlist) && segmentsOf(playlist) >= 4);
  expect(text).toContain('#EXT-X-DISCONTINUITY');
  await publisher.stop();
});

test('a source that changes its size in the middle keeps its session and its renditions', async () => {
  const stream = await live.createStream({ reconnectSeconds: 5 });
  const parts = ['320x180', '160x240'].map((size) => [
    ...['-hide_banner', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=30`],
    ...['-re', '-f', 'lavfi', '-i', 'sine=sample_rate=44100', '-t', '5', ...ENCODED],
  ]);
  // One transport stream after the other, with times that go on: what a phone sends that is turned.
  const publisher = spawn('ffmpeg', [
    ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-re', '-f', 'mpegts', '-i', 'pipe:0', '-c', 'copy'],
    ...['-f', 'flv', `${live.server.run.rtmp}/${stream.streamKey}`],
  ]);
  publisher.stdin.on('error', () => {});
  for (const [index, args] of parts.entries()) {
    const part = spawn('ffmpeg', [...args, '-output_ts_offset', String(index * 5), '-f', 'mpegts', 'pipe:1']);
    part.stdout.pipe(publisher.stdin, { end: index === 1 });
    await once(part, 'exit');
  }
  const text = await live.until(stream, PLAYLIST, (playlist) => segmentsOf(playlist) >= 4);
  expect(text).not.toContain('#EXT-X-DISCONTINUITY\n');
  const files = ['1/init.mp4', /^1\/s00003\.m4s$/m.exec(text)?.[0] ?? ''].map(async (file) =>
    (await live.fetch(`/live/${stream.id}/b1/180p/${file}`)).arrayBuffer(),
  );
  const bytes = Buffer.concat((await Promise.all(files)).map((each) => Buffer.from(each)));
  // Of the picture's own shape, in the middle of the size that was promised.
  expect(await brightness(bytes, '90:180:0:0')).toBeLessThan(30);
  expect(await brightness(bytes, '110:180:105:0')).toBeGreaterThan(60);
  expect(await brightness(bytes, '90:180:230:0')).toBeLessThan(30);
  publisher.kill('SIGKILL');
});

test('garbage at the door ends nothing but itself', async () => {
  const stream = await live.createStream();
  const publisher = live.publish(stream);
  const { hostname, port } = new URL(live.server.run.rtmp ?? '');
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.write(Buffer.alloc(100_000, 0xa5));
  await once(socket, 'close');
  await live.until(stream, PLAYLIST, hasPartsOf(1));
  await publisher.stop();
});

test('a publisher of what is no media is sent away, and its stream stays idle', async () => {
  const stream = await live.createStream();
  // biome-ignore format: options read in pairs
  const source = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30', ...ENCODED.slice(0, 10), '-bsf:v', 'noise=amount=1'];
  const publisher = live.publish(stream, { source });
  await waitFor('the end of a publisher', async () => (publisher.process.exitCode === null ? undefined : true));
  expect((await live.stream(stream)).status).not.toBe('live');
});
