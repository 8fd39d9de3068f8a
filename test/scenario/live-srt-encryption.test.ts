import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../src/kernel/log.ts';
import { REASON } from '../../src/kernel/srt/stream-id.ts';
import { SrtDoor } from '../../src/live/doors/srt/door.ts';
import { LiveServer, TestPublisher, testSource } from '../harness/live.ts';
import { allBytes, probe, STREAM_KEY, startEncoder, TestDesk } from '../harness/live-desk.ts';
import { SrtCaller } from '../harness/srt-caller.ts';

const run = promisify(execFile);

const PASSPHRASE = 'correct-horse-battery';

let desk: TestDesk;
let door: SrtDoor;
let port: number;

beforeEach(async () => {
  desk = new TestDesk();
  door = new SrtDoor({ host: '127.0.0.1', port: 0, desk, log: silentLog, passphrase: PASSPHRASE });
  port = await door.start();
});

afterEach(() => door.stop());

/** Leaves out nothing, late or last. */
const PATIENT = `streamid=${STREAM_KEY}&latency=1500000&linger=5`;

const publish = (query: string, to = port) => startEncoder(3, ['-f', 'mpegts', `srt://127.0.0.1:${to}?${query}`]);

test.each([16, 24, 32])('what is encrypted with a key of %d bytes arrives whole', async (keyBytes) => {
  const encoder = publish(`${PATIENT}&passphrase=${PASSPHRASE}&pbkeylen=${keyBytes}`);
  const publisher = await desk.publisher();
  expect(await probe(await allBytes(publisher), 'mpegts')).toMatchObject({ codecs: ['aac', 'h264'], frames: 90 });
  expect(await publisher.gone).toBe('finished');
  expect(await encoder.said).toBe('');
});

test('a sender that changes its key again and again loses not one frame', async () => {
  const encoder = publish(`${PATIENT}&passphrase=${PASSPHRASE}&kmrefreshrate=40`);
  const publisher = await desk.publisher();
  expect(await probe(await allBytes(publisher), 'mpegts')).toMatchObject({ codecs: ['aac', 'h264'], frames: 90 });
  await encoder.said;
});

test('what is published by SRT to a server is live, and the passphrase is in no argument and in no log of it', async () => {
  const environment = { FRONTROW_SRT_PASSPHRASE: PASSPHRASE, FRONTROW_LOG_LEVEL: 'debug' };
  const live = await LiveServer.start({ environment });
  try {
    const stream = await live.createStream();
    const { srt, pid } = live.server.run;
    const target = `${srt}?streamid=${stream.streamKey}&passphrase=${PASSPHRASE}`;
    const publisher = new TestPublisher(testSource(), target, 'mpegts');
    await live.until(stream, 'b1/180p/index.m3u8', (text) => text.includes('#EXT-X-PART:'));
    const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,args=']);
    const own = stdout.split('\n').filter((line) => line.trim().split(/\s+/).slice(0, 2).includes(String(pid)));
    expect(own.filter((line) => line.includes('srt://'))).toHaveLength(1);
    expect(own.join('\n')).not.toContain(PASSPHRASE);
    expect(live.server.said).not.toContain(PASSPHRASE);
    await publisher.stop();
  } finally {
    await live.stop();
  }
});

test('a caller with another passphrase is refused, and nobody is asked for its key', async () => {
  expect(await publish(`streamid=${STREAM_KEY}&passphrase=another-passphrase`).said).not.toBe('');
  expect(desk.callers).toEqual([]);
});

test('a caller that does not encrypt is refused as one that is not safe, and nobody is asked for its key', async () => {
  const caller = new SrtCaller(port);
  expect(await caller.conclude(STREAM_KEY)).toBe(1_000 + REASON.unsecure);
  caller.socket.close();
  expect(await publish(`streamid=${STREAM_KEY}`).said).not.toBe('');
  expect(desk.callers).toEqual([]);
});

test.each(['short', 'x'.repeat(65), 'twelve words with spaces'])(
  'a passphrase such as "%s" stops the start',
  async (passphrase) => {
    const other = new SrtDoor({ host: '127.0.0.1', port: 0, desk, log: silentLog, passphrase });
    await expect(other.start()).rejects.toThrow('FRONTROW_SRT_PASSPHRASE');
  },
);
