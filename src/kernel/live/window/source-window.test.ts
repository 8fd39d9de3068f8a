import { expect, test } from 'vitest';
import { flvHeader, flvTag, TAG_TYPE } from '../../flv/write.ts';
import { openWindow } from './open-window.ts';

/** A sequence set and a picture set, of which `name` is the difference. */
const sequence = (name: number) => [0x67, 100, 0, 31, name];
const PICTURES = [0x68, 0xee, 0x3c];
const SLICE = [0x65, 0x88, 1, 2, 3];
const OTHER_SLICE = [0x41, 0x9a, 4];

const long = (unit: readonly number[]) => [0, 0, 0, unit.length, ...unit];
const short = (unit: readonly number[]) => [0, unit.length, ...unit];

const video = (first: number, type: number, ...rest: readonly number[]) =>
  flvTag(TAG_TYPE.video, 0, Uint8Array.from([first, type, 0, 0, 0, ...rest]));
const HEADER = flvHeader({ audio: true, video: true });
const SCRIPT = flvTag(TAG_TYPE.script, 0, Uint8Array.of(2, 0, 1, 0x61));
const setUp = (name: number) =>
  video(0x17, 0, 1, 100, 0, 31, 0xff, 0xe1, ...short(sequence(name)), 1, ...short(PICTURES));
const key = (...units: readonly (readonly number[])[]) => video(0x17, 1, ...units.flatMap(long));
const KEY = key(SLICE);
const PICTURE = video(0x27, 1, ...long(OTHER_SLICE));
const soundSetUp = (...bytes: readonly number[]) => flvTag(TAG_TYPE.audio, 0, Uint8Array.of(0xaf, 0, ...bytes));
const STEREO = soundSetUp(0x11, 0x90);
const MONO = soundSetUp(0x12, 0x08);
const SOUND = flvTag(TAG_TYPE.audio, 0, Uint8Array.of(0xaf, 1, 7, 7));

const PICTURE_PID = 0x100;
const SOUND_PID = 0x101;

/** A packet of a transport stream that holds this, filled up where an adaptation field goes. */
function packet(pid: number, payload: readonly number[], { opens = false, isRandomAccess = false } = {}): Uint8Array {
  const bytes = new Uint8Array(188).fill(0xff);
  const adaptation = 188 - 4 - payload.length;
  bytes.set([0x47, (opens ? 0x40 : 0) | (pid >> 8), pid & 255, 0x30, adaptation - 1, isRandomAccess ? 0x40 : 0]);
  bytes.set(payload, 188 - payload.length);
  return bytes;
}

const elementary = (id: number, payload: readonly number[]) => [
  0,
  0,
  1,
  id,
  0,
  0,
  0x80,
  0x80,
  5,
  0,
  0,
  0,
  0,
  0,
  ...payload,
];
const coded = (...units: readonly (readonly number[])[]) => units.flatMap((unit) => [0, 0, 0, 1, ...unit]);
const AUD = [0x09, 0xf0];
const picturePacket = (...units: readonly (readonly number[])[]) =>
  packet(PICTURE_PID, elementary(0xe0, coded(AUD, ...units)), { opens: true });
const tsKey = (name: number) => picturePacket(sequence(name), PICTURES, SLICE);
const TS_PICTURE = picturePacket(OTHER_SLICE);
const aac = (...head: readonly number[]) =>
  packet(SOUND_PID, elementary(0xc0, [0xff, 0xf1, ...head, 0x1f, 0xfc]), { opens: true });
const TS_STEREO = aac(0x4c, 0x80, 0x20);
const TS_MONO = aac(0x50, 0x40, 0x20);

const WORDY_KEY = picturePacket(sequence(2), PICTURES, [6, 5, 200, 1]);
const PARAMETERS_LATER = [
  packet(PICTURE_PID, elementary(0xe0, coded(AUD, [6, 5, 1, 1])), { opens: true, isRandomAccess: true }),
  packet(PICTURE_PID, coded(sequence(2), PICTURES)),
  packet(PICTURE_PID, coded(SLICE)),
];

type Pieces = readonly Uint8Array[];
const HEAD = [HEADER, SCRIPT, setUp(1), STEREO];

/** What came first, what came then, and how much of that is still of the old set-up. */
test.each<[string, 'flv' | 'mpegts', Pieces, Pieces, number, readonly string[]]>([
  ['a set-up of pictures', 'flv', [...HEAD, KEY, SOUND], [PICTURE, setUp(2), KEY], 2, ['picture']],
  ['one of pictures, with sound before them', 'flv', [...HEAD, KEY], [setUp(2), SOUND, KEY], 1, ['picture']],
  ['one of sound', 'flv', [...HEAD, KEY, SOUND], [MONO, PICTURE, SOUND], 1, ['sound']],
  ['both at once', 'flv', [...HEAD, KEY, SOUND], [setUp(2), MONO, KEY, SOUND], 2, ['picture', 'sound']],
  ['sets in a key frame', 'flv', [...HEAD, KEY], [PICTURE, key(sequence(2), PICTURES, SLICE)], 1, ['picture']],
  ['sets in a key frame of a transport stream', 'mpegts', [tsKey(1)], [TS_PICTURE, tsKey(2)], 1, ['picture']],
  ['sets before words that go on in other packets', 'mpegts', [tsKey(1)], [WORDY_KEY, TS_PICTURE], 0, ['picture']],
  ['sets that come in its second packet', 'mpegts', [tsKey(1)], PARAMETERS_LATER, 2, ['picture']],
  ['the head of a frame of sound', 'mpegts', [tsKey(1), TS_STEREO], [TS_STEREO, TS_MONO], 1, ['sound']],
])('a change is seen by %s, and where', (_, container, first, then, old, of) => {
  for (const isWhole of [true, false]) {
    const window = openWindow(container);
    for (const piece of first) expect(window.push(piece, 0)).toBeUndefined();
    const changes = (isWhole ? [Buffer.concat(then)] : then).map((bytes) => window.push(bytes, 1));
    const [change, ...more] = changes.filter((each) => each !== undefined);
    expect(more).toEqual([]);
    expect([...(change?.of ?? [])]).toEqual(of);
    if (isWhole) expect(change?.at).toBe(Buffer.concat(then.slice(0, old)).length);
    else expect([changes.findIndex((each) => each !== undefined), change?.at]).toEqual([old, 0]);
  }
});

test('a change that came in pieces begins with the bytes that are new', () => {
  const window = openWindow('flv');
  window.push(Buffer.concat([...HEAD, KEY, setUp(2), KEY.subarray(0, 14)]), 0);
  expect(window.push(KEY.subarray(14), 1)?.at).toBe(0);
});

test.each<[string, 'flv' | 'mpegts', Pieces]>([
  ['a set-up that is said again', 'flv', [...HEAD, KEY, setUp(1), STEREO, KEY, SOUND]],
  ['the same sets with pictures', 'flv', [...HEAD, key(sequence(1), PICTURES, SLICE), PICTURE]],
  ['a key frame without sets', 'mpegts', [tsKey(1), picturePacket(SLICE), tsKey(1)]],
  ['sets of pictures alone', 'mpegts', [tsKey(1), picturePacket([0x68, 1, 2], SLICE), tsKey(1)]],
  [
    'sound that does not begin with its frames',
    'mpegts',
    [tsKey(1), TS_STEREO, packet(SOUND_PID, elementary(0xc0, [1, 2, 3]), { opens: true }), TS_MONO],
  ],
  ['pictures of another codec', 'mpegts', [tsKey(1), picturePacket([0x42, 1], [0x44, 1], [0x26, 1])]],
])('%s is no change', (_, container, pieces) => {
  const window = openWindow(container);
  for (const piece of pieces) expect(window.push(piece, 0)).toBeUndefined();
});

test('nothing of an old set-up is kept: neither pictures, nor the sound beside pictures that stay as they are', () => {
  const window = openWindow('flv');
  window.push(Buffer.concat([...HEAD, KEY, SOUND, PICTURE, MONO, SOUND, PICTURE]), 0);
  const head = [HEADER, SCRIPT, setUp(1), MONO];
  expect(Buffer.concat(window.replay())).toEqual(Buffer.concat([...head, KEY, PICTURE, SOUND, PICTURE]));
  window.push(Buffer.concat([setUp(2), SOUND, KEY]), 0);
  expect(Buffer.concat(window.replay())).toEqual(Buffer.concat([HEADER, SCRIPT, setUp(2), MONO, KEY]));
});

test('a window of a transport stream begins with the sets of a picture, also where its key frames are not marked', () => {
  const window = openWindow('mpegts');
  window.push(Buffer.concat([tsKey(1), TS_PICTURE, tsKey(2)]), 0);
  expect(Buffer.concat(window.replay())).toEqual(Buffer.from(tsKey(2)));
});

test('pictures that bring other sets than the head has contradict it, until they bring its own', () => {
  const window = openWindow('flv');
  window.push(Buffer.concat([...HEAD, KEY]), 0);
  expect(window.isContradictory).toBe(false);
  window.push(key(sequence(2), PICTURES, SLICE), 0);
  expect(window.isContradictory).toBe(true);
  window.push(Buffer.concat([setUp(2), key(sequence(2), PICTURES, SLICE)]), 0);
  expect(window.isContradictory).toBe(false);
});

test('a picture of millions of units is read in no time', () => {
  const window = openWindow('flv');
  window.push(Buffer.concat(HEAD), 0);
  const units = new Uint8Array(10 * 1024 * 1024);
  for (let at = 0; at < units.length; at += 5) units.set([0, 0, 0, 1, 6], at);
  const began = performance.now();
  window.push(flvTag(TAG_TYPE.video, 0, Buffer.concat([Uint8Array.of(0x17, 1, 0, 0, 0), units])), 0);
  expect(performance.now() - began).toBeLessThan(300);
});
