import { expect, test } from 'vitest';
import type { FrameHeader } from './channel-frame.ts';
import { MediaTail } from './media-tail.ts';

const NOTHING = { isDiscontinuity: false, rendition: 0, broadcast: 1, timescale: 10, clockMs: 0 };

function init(session = 1): FrameHeader {
  return {
    ...NOTHING,
    kind: 'init',
    isIndependent: false,
    session,
    sequence: 0,
    part: 0,
    startTicks: 0,
    durationTicks: 0,
  };
}

function part(sequence: number, at: number, isIndependent = at === 0, session = 1): FrameHeader {
  const startTicks = (sequence * 4 + at) * 5;
  return { ...NOTHING, kind: 'part', isIndependent, session, sequence, part: at, startTicks, durationTicks: 5 };
}

function taken(tail: MediaTail, headers: readonly FrameHeader[]): string[] {
  return headers.map((header) => tail.take({ header, bytes: new Uint8Array() }));
}

const kept = (tail: MediaTail) => tail.parts.map(({ header: { sequence, part: at } }) => `${sequence}.${at}`);

test('of a picture it keeps what came since the newest key frame', () => {
  const tail = new MediaTail('video');
  const told = taken(tail, [init(), part(0, 0), part(0, 1), part(1, 0), part(1, 1), part(1, 2, true)]);
  expect(told).toEqual(['init', 'next', 'next', 'next', 'next', 'next']);
  expect(kept(tail)).toEqual(['1.2']);
});

test('what came before is nothing new, as after a reconnect', () => {
  const tail = new MediaTail('video');
  taken(tail, [init(), part(0, 0), part(0, 1)]);
  expect(taken(tail, [init(), part(0, 0), part(0, 1), part(0, 2)])).toEqual(['old', 'old', 'old', 'next']);
  expect(kept(tail)).toEqual(['0.0', '0.1', '0.2']);
});

test('after a gap nothing counts until a key frame', () => {
  const tail = new MediaTail('video');
  taken(tail, [init(), part(0, 0)]);
  expect(taken(tail, [part(0, 2), part(0, 3), part(1, 0), part(1, 1)])).toEqual(['torn', 'torn', 'next', 'next']);
  expect(kept(tail)).toEqual(['1.0', '1.1']);
});

test('media without its init is of no use', () => {
  const tail = new MediaTail('video');
  expect(taken(tail, [part(0, 0), init(2), part(0, 0, true, 1), part(1, 0, true, 2)])).toEqual([
    ...['old', 'init', 'old', 'next'],
  ]);
});

test('sound is kept for some seconds, and is never torn', () => {
  const tail = new MediaTail('audio');
  taken(tail, [init(), part(0, 1, false)]);
  const many = Array.from({ length: 80 }, (_, at) => part(1 + Math.floor(at / 4), at % 4, false));
  expect(
    new Set(
      taken(
        tail,
        many.filter((_, at) => at !== 20),
      ),
    ),
  ).toEqual(new Set(['next']));
  expect(tail.parts).toHaveLength(16);
});
