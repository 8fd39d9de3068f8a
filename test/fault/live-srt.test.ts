import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../src/kernel/log.ts';
import { HANDSHAKE, readHandshake } from '../../src/kernel/srt/handshake.ts';
import { SrtDoor, type SrtDoorOptions } from '../../src/live/doors/srt/door.ts';
import { STREAM_KEY, startEncoder, TestDesk } from '../harness/live-desk.ts';
import { handshake, SrtCaller, withCookie } from '../harness/srt-caller.ts';

let desk: TestDesk;
let doors: SrtDoor[];
let callers: SrtCaller[];

beforeEach(() => {
  desk = new TestDesk();
  doors = [];
  callers = [];
});

afterEach(async () => {
  for (const { socket } of callers) socket.close();
  await Promise.all(doors.map((door) => door.stop()));
});

async function open(options: Partial<SrtDoorOptions> = {}): Promise<number> {
  const door = new SrtDoor({ host: '127.0.0.1', port: 0, desk, log: silentLog, ...options });
  doors.push(door);
  return door.start();
}

const PATIENCE = { timeout: 60_000 };

function call(port: number): SrtCaller {
  const caller = new SrtCaller(port);
  callers.push(caller);
  return caller;
}

test('garbage is answered by nothing, and the door stays open', async () => {
  const port = await open();
  const caller = call(port);
  for (let length = 0; length < 1_500; length += 10) await caller.send(randomBytes(length));
  for (let length = 0; length < 64; length += 1) await caller.send(handshake(4, 1).subarray(0, length));
  expect(await call(port).induce()).not.toBe(0);
  expect(caller.heard.filter((packet) => packet.length > 64)).toEqual([]);
  expect(desk.callers).toEqual([]);
});

test('no answer to a stranger is longer than its question', async () => {
  const port = await open();
  const caller = call(port);
  expect(await caller.ask(handshake(4, HANDSHAKE.induction))).toHaveLength(64);
  const cookie = await caller.induce();
  const refusal = await caller.ask(withCookie(handshake(5, HANDSHAKE.conclusion, 'sk_wrong'), cookie));
  expect(refusal).toHaveLength(64);
});

test('a conclusion with a cookie of somebody else is not even refused', async () => {
  const port = await open();
  const cookie = await call(port).induce();
  const thief = call(port);
  await thief.send(withCookie(handshake(5, HANDSHAKE.conclusion, STREAM_KEY), cookie));
  await thief.induce();
  expect(thief.heard).toHaveLength(1);
  expect(desk.callers).toEqual([]);
});

test('a wrong key is refused by its code, and asked about once however often it is said', async () => {
  const caller = call(await open());
  const conclusion = withCookie(handshake(5, HANDSHAKE.conclusion, 'sk_wrong'), await caller.induce());
  const refusals = [await caller.ask(conclusion), await caller.ask(conclusion)];
  expect(refusals.map((each) => readHandshake(each)?.type)).toEqual([2_401, 2_401]);
  expect(desk.callers).toHaveLength(1);
});

test('callers of version 4, who cannot say a key, are refused', async () => {
  const caller = call(await open());
  const refusal = await caller.ask(withCookie(handshake(4, HANDSHAKE.conclusion), await caller.induce()));
  expect(readHandshake(refusal)?.type).toBe(1_008);
});

test('so many from one address wait for the desk, and the others are told to come later', async () => {
  const gate = Promise.withResolvers<void>();
  desk.gate = gate.promise;
  const port = await open({ limits: { everybody: 100, waiting: 20, waitingPerAddress: 3 } });
  const answers: (number | undefined)[] = [];
  for (let count = 0; count < 6; count += 1) {
    const caller = call(port);
    const conclusion = withCookie(handshake(5, HANDSHAKE.conclusion, 'sk_wrong'), await caller.induce());
    if (count < 3) await caller.send(conclusion);
    else answers.push(readHandshake(await caller.ask(conclusion))?.type);
    await expect.poll(() => desk.callers.length, PATIENCE).toBe(Math.min(3, count + 1));
  }
  expect(answers).toEqual([2_402, 2_402, 2_402]);
  gate.resolve();
});

test('refused callers take up their places for as long as they are remembered', async () => {
  const port = await open({ limits: { everybody: 100, waiting: 20, waitingPerAddress: 3 } });
  const answers: (number | undefined)[] = [];
  for (let count = 0; count < 4; count += 1) {
    const caller = call(port);
    const conclusion = withCookie(handshake(5, HANDSHAKE.conclusion, 'sk_wrong'), await caller.induce());
    answers.push(readHandshake(await caller.ask(conclusion))?.type);
  }
  expect(answers).toEqual([2_401, 2_401, 2_401, 2_402]);
  expect(desk.callers).toHaveLength(3);
});

test('a flood from hundreds of ports asks the desk no more than one address may, and is forgotten', async () => {
  const limits = { everybody: 40, waiting: 20, waitingPerAddress: 3 };
  const port = await open({ limits });
  const flood = Array.from({ length: 300 }, () => call(port));
  const answers = await Promise.all(
    flood.map(async (caller) => {
      for (let length = 0; length < 1_400; length += 200) await caller.send(randomBytes(length));
      return caller.conclude('sk_wrong');
    }),
  );
  expect(answers.filter((type) => type === 2_401)).toHaveLength(limits.waitingPerAddress);
  expect(answers.filter((type) => type === 2_402)).toHaveLength(flood.length - limits.waitingPerAddress);
  expect(desk.callers).toHaveLength(limits.waitingPerAddress);
  // Whoever was refused is remembered for some seconds, and then there is room again.
  await expect.poll(() => call(port).conclude('sk_other'), PATIENCE).toBe(2_401);
});

test('a caller that is let in and then says nothing is lost', async () => {
  const caller = call(await open());
  await caller.send(withCookie(handshake(5, HANDSHAKE.conclusion, STREAM_KEY), await caller.induce()));
  // Without the wishes of a real caller ffmpeg does not take it in either: then it never was a publisher.
  await expect.poll(() => desk.left + desk.publishers.length, PATIENCE).toBe(1);
  for (const publisher of desk.publishers) {
    publisher.bytes.resume();
    expect(await publisher.gone).toBe('lost');
  }
});

test('garbage in the middle of a broadcast harms nobody', async () => {
  const port = await open();
  const encoder = startEncoder(60, ['-f', 'mpegts', `srt://127.0.0.1:${port}?streamid=${STREAM_KEY}`]);
  const publisher = await desk.publisher();
  let arrived = 0;
  publisher.bytes.on('data', (bytes: Buffer) => {
    arrived += bytes.length;
  });
  await expect.poll(() => arrived, PATIENCE).toBeGreaterThan(0);
  const caller = call(port);
  for (let count = 0; count < 5_000; count += 1) await caller.send(randomBytes(1_316));
  const before = arrived;
  await expect.poll(() => arrived, PATIENCE).toBeGreaterThan(before + 20_000);
  encoder.process.kill('SIGKILL');
  expect(await publisher.gone).toBe('lost');
});

test('a reader that never reads holds nothing up but its own publisher', async () => {
  const port = await open();
  const target = `srt://127.0.0.1:${port}?streamid=${STREAM_KEY}`;
  const encoder = startEncoder(60, ['-b:v', '40M', '-minrate', '40M', '-f', 'mpegts', target]);
  const publisher = await desk.publisher();
  await expect.poll(() => publisher.bytes.readableLength, PATIENCE).toBeGreaterThan(2_000_000);
  await setTimeout(1_000); // in which five megabytes would come
  expect(publisher.bytes.readableLength).toBeLessThan(4_000_000);
  publisher.bytes.destroy();
  expect(await publisher.gone).toBe('lost');
  await encoder.said;
});
