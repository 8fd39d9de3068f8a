import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openWindow } from '../../src/kernel/live/window/open-window.ts';

const CONTAINERS = ['flv', 'mpegts', 'matroska'] as const;

const joined = (parts: readonly Uint8Array[]) => Buffer.concat(parts);

function flvTag(type: number, body: readonly number[]): Uint8Array {
  const size = body.length;
  return Uint8Array.from([type, 0, (size >> 8) & 255, size & 255, 0, 0, 0, 0, 0, 0, 0, ...body, 0, 0, 0, 11 + size]);
}

const HEADER = Uint8Array.from([0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]);
const SET_UP = flvTag(9, [0x17, 0, 0, 0, 0, 1, 100, 0, 30, 0xff, 0xe0, 0]);
const KEY = flvTag(9, [0x17, 1, 0, 0, 0, 1, 2, 3]);
const PICTURE = flvTag(9, [0x27, 1, 0, 0, 0, 4, 5]);
const SOUND = flvTag(8, [0xaf, 1, 7, 7]);

describe('a window', () => {
  test('is the head and everything since the newest key frame', () => {
    const window = openWindow('flv');
    window.push(joined([HEADER, SET_UP, KEY, PICTURE, SOUND]), 1);
    window.push(joined([KEY, SOUND, PICTURE]), 2);
    expect(joined(window.replay())).toEqual(joined([HEADER, SET_UP, KEY, SOUND, PICTURE]));
    expect(window.beganAtMs).toBe(2);
  });

  test('is the same in whatever pieces the bytes come', () => {
    const bytes = joined([HEADER, SET_UP, KEY, PICTURE, SOUND, KEY, SOUND, PICTURE, PICTURE.subarray(0, 9)]);
    const whole = openWindow('flv');
    whole.push(bytes, 1);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
        const window = openWindow('flv');
        let at = 0;
        for (let index = 0; at < bytes.length; index += 1) {
          const size = sizes[index % sizes.length] ?? 1;
          window.push(bytes.subarray(at, at + size), 1);
          at += size;
        }
        expect(joined(window.replay())).toEqual(joined(whole.replay()));
      }),
    );
  });

  test.each(CONTAINERS)('of %s takes any bytes, and never keeps more than its bound', (container) => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 2_000 })), (pieces) => {
        const window = openWindow(container);
        for (const piece of pieces) window.push(piece, 0);
        const given = pieces.reduce((sum, { length }) => sum + length, 0);
        expect(joined(window.replay()).length).toBeLessThanOrEqual(given);
      }),
    );
  });

  test('of a piece that has megabytes to come takes its bytes as they are', () => {
    const window = openWindow('matroska');
    // A picture of four gigabytes, which is none. Put together again with each kilobyte, it would be a minute's work.
    window.push(Uint8Array.from([0xa3, 0x08, 0xff, 0xff, 0xff, 0xff]), 0);
    const began = performance.now();
    const kilobyte = new Uint8Array(1_024);
    for (let index = 0; index < 12_000; index += 1) window.push(kilobyte, index);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(joined(window.replay()).length).toBe(6 + 12_000 * 1_024);
    window.push(new Uint8Array(1024 * 1024), 0);
    expect(joined(window.replay()).length).toBeLessThan(1024 * 1024);
  });

  test('reads a set-up as large as a message may be in no time', () => {
    const set = Buffer.alloc(2 + 0xffff);
    set.writeUInt16BE(0xffff);
    const sets = joined([Uint8Array.of(31), ...Array(31).fill(set), Uint8Array.of(97), ...Array(97).fill(set)]);
    const body = joined([Uint8Array.of(0x17, 0, 0, 0, 0, 1, 100, 0, 30, 0xff), sets]);
    const tag = Buffer.concat([Buffer.alloc(11), body, Buffer.alloc(4)]);
    tag.writeUInt32BE(9 * 2 ** 24 + body.length);
    const window = openWindow('flv');
    window.push(HEADER, 0);
    const began = performance.now();
    window.push(tag, 0);
    expect(performance.now() - began).toBeLessThan(700);
  });

  test('without a key frame stays within its bound', () => {
    const window = openWindow('flv');
    window.push(joined([HEADER, SET_UP]), 0);
    const large = flvTag(9, [0x27, 1, 0, 0, 0, ...new Array<number>(60_000).fill(1)]);
    for (let index = 0; index < 500; index += 1) window.push(large, index);
    expect(joined(window.replay()).length).toBeLessThan(13 * 1024 * 1024);
  });
});
