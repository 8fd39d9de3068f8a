import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { StoredSubtitles } from '../database/subtitles.ts';
import { writeVtt } from '../kernel/subtitles/write.ts';
import { subtitlesWithin } from './clip-subtitles.ts';

const CUES = [
  { startMs: 1_000, endMs: 5_000, text: 'A &amp; B', settings: '' },
  { startMs: 9_000, endMs: 10_000, text: '<i>Later</i>', settings: 'line:0' },
];

function partsWith(objects: Record<string, string>, names: readonly string[]) {
  const head = { sizeBytes: 0, etag: '', modifiedAtMs: 0 };
  const track = { kind: 'subtitles', isDefault: false, isForced: false, origin: 'embedded', createdAtMs: 1 } as const;
  return {
    subtitles: { list: async () => names.map((name): StoredSubtitles => ({ ...track, name, publishedAtMs: 2 })) },
    store: {
      open: async (key: string) => {
        const text = objects[key];
        return text === undefined ? undefined : { ...head, body: Readable.from([Buffer.from(text)]) };
      },
    },
  };
}

test.each([
  ['an upload', { 'sources/as_1/subtitles/one.json': JSON.stringify(CUES) }],
  ["the film's own", { 'assets/as_1/subtitles/one/all.vtt': writeVtt(CUES) }],
])('a part of %s is cut at both ends, and says what it said', async (_, objects) => {
  const [one] = await subtitlesWithin(partsWith(objects, ['one']), 'as_1', { inSeconds: 2, outSeconds: 9.5 });
  expect(one?.track).toEqual({ name: 'one', kind: 'subtitles', isDefault: false, isForced: false, origin: 'embedded' });
  expect(one?.cues).toEqual([
    { startMs: 0, endMs: 3_000, text: 'A &amp; B', settings: '' },
    { startMs: 7_000, endMs: 7_500, text: '<i>Later</i>', settings: 'line:0' },
  ]);
});

test('a track that says nothing there, or has just been removed, does not come along', async () => {
  const objects = { 'sources/as_1/subtitles/one.json': JSON.stringify(CUES) };
  const parts = partsWith(objects, ['one', 'gone']);
  expect(await subtitlesWithin(parts, 'as_1', { inSeconds: 5, outSeconds: 9 })).toEqual([]);
});
