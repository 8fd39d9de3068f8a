import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cleanCueText } from '../../src/kernel/subtitles/cue-text.ts';
import { decodeText } from '../../src/kernel/subtitles/decode.ts';
import { parseSubtitles } from '../../src/kernel/subtitles/parse.ts';
import { writeVtt, writeVttSegment } from '../../src/kernel/subtitles/write.ts';

/** Text that nearly is a subtitle file, so that the reader gets past its first look. */
const stamp = fc
  .tuple(fc.nat(200), fc.nat(99), fc.nat(99), fc.nat(1_500))
  .map(([h, m, s, ms]) => `${h}:${m}:${s},${ms}`);
const piece = fc.oneof(
  fc.tuple(stamp, stamp).map(([from, to]) => `${from} --> ${to}`),
  fc.constantFrom('WEBVTT', '', '1', 'STYLE', '-->', '<b>', '</i>', '<v ', '&', '&lt;', '{\\an8}', '<<b>>', '\u2028'),
  fc.string({ unit: 'binary' }),
);
const nearly = fc
  .array(fc.tuple(piece, fc.constantFrom('\n', '\r\n', '\r', '\n\n')), { maxLength: 60 })
  .map((all) => all.flat().join(''));

const bytes = fc.uint8Array({ maxLength: 2_000 });

describe('whatever is uploaded', () => {
  test('gives cues whose times never go backwards and whose ends lie after their starts', () => {
    fc.assert(
      fc.property(fc.oneof(nearly, bytes.map(decodeText)), (text) => {
        let last = 0;
        for (const { startMs, endMs } of parseSubtitles(text)) {
          expect(startMs).toBeGreaterThanOrEqual(last);
          expect(endMs).toBeGreaterThan(startMs);
          last = startMs;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('is written so that it reads back as the same cues', () => {
    fc.assert(
      fc.property(nearly, (text) => {
        const cues = parseSubtitles(text);
        expect(parseSubtitles(writeVttSegment(cues))).toEqual(cues);
        expect(parseSubtitles(writeVtt(cues))).toEqual(cues);
      }),
      { numRuns: 2_000 },
    );
  });

  test('has no tag but those of WebVTT, each of them closed', () => {
    fc.assert(
      fc.property(
        fc.oneof(nearly, fc.string({ unit: fc.constantFrom('<', '>', '/', 'b', 'v', 'i', ' ', '&', ';', 'lt') })),
        (raw) => {
          const clean = cleanCueText(raw);
          const open: string[] = [];
          const rest = clean.replace(/<(\/?)(b|i|u|ruby|rt|v)( [^<>&]+)?>/g, (_tag, close: string, name: string) => {
            if (close === '') open.push(name);
            else expect(open.pop()).toBe(name);
            return '';
          });
          expect(open).toEqual([]);
          expect(rest).not.toMatch(/[<>]/);
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

test('a large file of nothing but openings takes no time worth naming', () => {
  const started = performance.now();
  for (const unit of ['<', '<b', '<v ', '&', '{\\', '0:', '00:00:01,000 --> ', '\n'])
    parseSubtitles(unit.repeat(200_000));
  expect(performance.now() - started).toBeLessThan(5_000);
});
