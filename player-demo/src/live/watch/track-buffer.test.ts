import { describe, expect, test } from 'vitest';
import { TrackBuffer } from './track-buffer.ts';

/** One that holds so many parts of a second each, and takes its time as a browser's does. */
class SmallBuffer extends EventTarget {
  updating = false;
  timestampOffset = 0;
  readonly taken: number[] = [];
  parts: number[] = [];
  readonly #room: number;

  constructor(room: number) {
    super();
    this.#room = room;
  }

  get buffered() {
    const { parts } = this;
    return { length: parts.length, start: (at: number) => parts[at] ?? 0, end: (at: number) => (parts[at] ?? 0) + 1 };
  }

  appendBuffer([second = 0]: Uint8Array): void {
    if (this.parts.length >= this.#room) throw Object.assign(new Error('full'), { name: 'QuotaExceededError' });
    this.#later(() => {
      this.taken.push(second);
      this.parts.push(second);
    });
  }

  remove(from: number, to: number): void {
    this.#later(() => {
      this.parts = this.parts.filter((second) => second < from || second >= to);
    });
  }

  #later(work: () => void): void {
    this.updating = true;
    queueMicrotask(() => {
      work();
      this.updating = false;
      this.dispatchEvent(new Event('updateend'));
    });
  }
}

async function fill(playedUntil: number): Promise<{ taken: readonly number[]; broken: readonly string[] }> {
  const small = new SmallBuffer(4);
  const broken: string[] = [];
  const track = new TrackBuffer(
    small as unknown as SourceBuffer,
    'video/mp4',
    () => playedUntil,
    (code) => broken.push(code),
  );
  for (let second = 0; second < 6; second += 1) track.append(Uint8Array.of(second));
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
  return { taken: small.taken, broken };
}

describe('a buffer that is full', () => {
  test('lets go of what was played, and loses nothing of what comes', async () => {
    expect(await fill(3)).toEqual({ taken: [0, 1, 2, 3, 4, 5], broken: [] });
  });

  test('of what is still to be played has it made anew', async () => {
    expect(await fill(0)).toEqual({ taken: [0, 1, 2, 3], broken: ['QuotaExceededError'] });
  });
});
