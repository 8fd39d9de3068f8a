import { describe, expect, test } from 'vitest';
import { ClockMender, JumpFinder } from './jumps.ts';
import type { Mark } from './marks.ts';
import { ticksBetween, wrapTicks } from './timestamp.ts';

const PICTURE = 1;
const SOUND = 2;
const WRAP_SECONDS = 2 ** 33 / 90_000;

/** A recording: pictures 25 times a second and sounds 50 times, each from `begins` of its clock on for so many seconds. */
interface Recording {
  readonly begins: number;
  readonly picture: number;
  readonly sound: number;
  /** Of the picture alone, in seconds: what is left out in its middle. */
  readonly gap?: readonly [from: number, until: number];
  /** How many sounds share a packet; fewer in the last. */
  readonly packed?: number;
}

function recorded(recordings: readonly Recording[]): Mark[] {
  let at = 0;
  return recordings.flatMap(({ begins, picture, sound, gap = [0, 0], packed = 1 }) => {
    const sounds = (first: number) => Math.min(packed, sound * 50 - first);
    const marks = [
      ...Array.from({ length: picture * 25 }, (_, index) => ({ stream: PICTURE, seconds: index / 25, sizeBytes: 900 })),
      ...Array.from({ length: Math.ceil((sound * 50) / packed) }, (_, index) => ({
        stream: SOUND,
        seconds: (index * packed) / 50,
        sizeBytes: 200 * sounds(index * packed),
      })),
    ].filter(({ stream, seconds }) => stream === SOUND || seconds < gap[0] || seconds >= gap[1]);
    return marks
      .sort((one, other) => one.seconds - other.seconds)
      .map(({ stream, seconds, sizeBytes }) => {
        const ticks = wrapTicks(Math.round((begins + seconds) * 90_000));
        at += 188;
        return {
          stream,
          kind: stream === PICTURE ? 'picture' : 'other',
          at,
          decode: ticks,
          show: ticks,
          sizeBytes,
        } as const;
      });
  });
}

/** When each mark of a stream is shown after the clock was straightened, in seconds from its first. */
function straightened(marks: readonly Mark[], stream: number): number[] {
  const finder = new JumpFinder();
  for (const mark of marks) finder.see(mark);
  const mender = new ClockMender(finder.epochs(), finder.sparse());
  const moved = marks.map((mark) => ({ ...mark, show: wrapTicks(mark.show + mender.shiftOf(mark)) }));
  const shown = moved.filter((mark) => mark.stream === stream).map(({ show }) => show);
  return shown.map((show) => ticksBetween(shown[0] ?? 0, show) / 90_000);
}

function jumps(marks: readonly Mark[]): number {
  const finder = new JumpFinder();
  for (const mark of marks) finder.see(mark);
  return finder.epochs().length - 1;
}

describe('a clock that jumps goes on', () => {
  const back = { begins: 1.4, picture: 8, sound: 8 };
  const cases: Readonly<Record<string, Recording[]>> = {
    'back to its start': [back, back],
    'back to its start, twice': [back, { ...back, picture: 4, sound: 4 }, back],
    'ahead by ten minutes': [back, { ...back, begins: 610 }],
    'ahead, and past its wrap': [{ ...back, begins: 90_000 }, { ...back, begins: WRAP_SECONDS - 3 }, back],
    'back by less than its wrap is away': [{ ...back, begins: WRAP_SECONDS - 4 }, { ...back, begins: 2 }, back],
  };
  test.each(Object.entries(cases))('that jumps %s', (_, recordings) => {
    const marks = recorded(recordings);
    const count = recordings.reduce((sum, { picture }) => sum + picture * 25, 0);
    for (const [index, moment] of straightened(marks, PICTURE).entries()) expect(moment).toBeCloseTo(index / 25, 4);
    expect(straightened(marks, PICTURE).length).toBe(count);
    const sounds = straightened(marks, SOUND);
    for (const [index, moment] of sounds.entries()) expect(moment).toBeCloseTo(index / 50, 4);
  });

  test('later, where sound outlasts the picture before the jump, and never off the grid of pictures', () => {
    const marks = recorded([{ begins: 10, picture: 4, sound: 7 }, back]);
    const behind = straightened(marks, PICTURE).slice(100);
    expect(behind[0]).toBeCloseTo(7, 4);
    expect(straightened(marks, SOUND)[350]).toBeCloseTo(7, 4);
  });
});

test('sound that ends with the picture in a packet shorter than the others holds nothing up', () => {
  const part = { begins: 1.4, picture: 8, sound: 8, packed: 19 };
  const marks = recorded([part, part]);
  for (const [index, moment] of straightened(marks, PICTURE).entries()) expect(moment).toBeCloseTo(index / 25, 4);
  expect(straightened(marks, SOUND)[22]).toBeCloseTo(8, 4);
});

test('sound in packets of many frames that outlasts the picture is heard to its end', () => {
  const marks = recorded([
    { begins: 1.4, picture: 8, sound: 10, packed: 19 },
    { begins: 1.4, picture: 8, sound: 8 },
  ]);
  expect(straightened(marks, PICTURE)[200]).toBeCloseTo(10, 4);
});

describe('a clock that runs straight is left alone', () => {
  const plain = { begins: 10, picture: 60, sound: 60 };
  const wrapping = { ...plain, begins: WRAP_SECONDS - 30 };
  const cases: Readonly<Record<string, Mark[]>> = {
    'from its start to its end': recorded([plain]),
    'and wraps around': recorded([wrapping]),
    'with a minute without pictures while the sound goes on': recorded([
      { begins: 10, picture: 100, sound: 100, gap: [20, 80] },
    ]),
    'with a gap of eight seconds, as where reception failed': recorded([plain, { ...plain, begins: 78 }]),
  };
  test.each(Object.entries(cases))('%s', (_, marks) => expect(jumps(marks)).toBe(0));

  test('where one stamp is damaged', () => {
    const marks = recorded([plain]);
    const damaged = marks.map((mark, index) => (index === 900 ? { ...mark, decode: 5_000_000_000 } : mark));
    expect(jumps(damaged)).toBe(0);
  });

  test('where subtitles come a minute apart', () => {
    const marks = recorded([plain]);
    const texts = [100, 1_000, 4_400].flatMap((index) => marks[index] ?? []);
    const rare = texts.map((mark): Mark => ({ ...mark, stream: 3, kind: 'other' }));
    expect(jumps([...marks, ...rare].sort((one, other) => one.at - other.at))).toBe(0);
  });
});
