import { describe, expect, test } from 'vitest';
import { cuesWithin, moveCues } from './cue.ts';
import { cleanCueText } from './cue-text.ts';
import { decodeText } from './decode.ts';
import { parseSubtitles } from './parse.ts';
import { type SubtitleTrack, shownTracks } from './track.ts';
import { writeVttSegment } from './write.ts';

const cue = (startMs: number, endMs: number, text = 'Hello', settings = '') => ({ startMs, endMs, text, settings });

describe('what is read', () => {
  const cases: [string, string, ReturnType<typeof cue>[]][] = [
    [
      'SRT',
      '1\r\n00:00:01,000 --> 00:00:02,500\r\nHello\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\nYou\r\n',
      [cue(1_000, 2_500), cue(3_000, 4_000, 'You')],
    ],
    [
      'WebVTT',
      'WEBVTT - a title\n\nSTYLE\n::cue { color: red }\n\nNOTE no cue\n\nid\n00:01.000 --> 00:02.000 line:0 align:start\nHello',
      [cue(1_000, 2_000, 'Hello', 'line:0 align:start')],
    ],
    ['a byte order mark that was left in', '\uFEFF1\n00:00:01,000 --> 00:00:02,000\nHello\n', [cue(1_000, 2_000)]],
    ['hours without a leading zero, a short fraction', '1:00:00,5 --> 1:00:01,25\nHello', [cue(3_600_500, 3_601_250)]],
    [
      'a blank line that was forgotten',
      '1\n00:00:01,000 --> 00:00:02,000\nHello\n2\n00:00:03,000 --> 00:00:04,000\nYou',
      [cue(1_000, 2_000), cue(3_000, 4_000, 'You')],
    ],
    ['several lines', '00:00:01,000 --> 00:00:02,000\n- One\n- Two\n', [cue(1_000, 2_000, '- One\n- Two')]],
    [
      'cues out of order',
      '00:05.000 --> 00:06.000\nYou\n\n00:01.000 --> 00:02.000\nHello',
      [cue(1_000, 2_000), cue(5_000, 6_000, 'You')],
    ],
    ['a cue that ends before it begins', '00:02.000 --> 00:01.000\nHello', []],
    ['a cue without text', '00:01.000 --> 00:02.000\n\n00:03.000 --> 00:04.000\nHello', [cue(3_000, 4_000)]],
    [
      'settings of no kind',
      '00:01.000 --> 00:02.000 X1:40 region:a line:5% onclick:x\nHello',
      [cue(1_000, 2_000, 'Hello', 'line:5%')],
    ],
    ['a cue of hours ends after ten minutes', '00:00:01,000 --> 09:00:00,000\nHello', [cue(1_000, 601_000)]],
    ['no subtitles', 'Dear Sir or Madam,\n\n10:30 --> lunch\n', []],
    ['nothing', '', []],
  ];
  test.each(cases)('%s', (_name, text, expected) => expect(parseSubtitles(text)).toEqual(expected));
});

describe('cue text', () => {
  const cases: [string, string, string][] = [
    ['own tags stay', '<b>Hi</b> <i>you</i>', '<b>Hi</b> <i>you</i>'],
    ['a voice stays', '<v.loud Roger Bingham>Hi', '<v Roger Bingham>Hi</v>'],
    ['foreign tags go, their text stays', '<font color="#f00">Hi</font>', 'Hi'],
    ['nothing that runs', '<img src=x onerror=alert(1)>Hi<script>x</script>', 'Hix'],
    ['attributes go', '<b onclick="x">Hi</b>', '<b>Hi</b>'],
    ['an open tag is closed', '<i>Hi', '<i>Hi</i>'],
    ['a stray end goes', 'Hi</i>', 'Hi'],
    ['crossed tags are uncrossed', '<b><i>Hi</b></i>', '<b><i>Hi</i></b>'],
    ['escapes stay, others are made', 'a &lt; b & c > d < e', 'a &lt; b &amp; c &gt; d &lt; e'],
    ['an arrow is no arrow', 'a --> b', 'a --&gt; b'],
    ['override codes of ASS go', '{\\an8}Hi{\\i1}', 'Hi'],
    ['braces in a text stay', '{laughs}', '{laughs}'],
    ['control characters go', 'H\u0000i\u001b', 'Hi'],
    ['blank lines go', ' Hi \n\n you ', 'Hi\nyou'],
    ['a line of a dropped tag alone goes', 'Hi\n</i>\nyou', 'Hi\nyou'],
    ['tags around nothing are nothing', '<b> </b>', ''],
  ];
  test.each(cases)('%s', (_name, raw, clean) => expect(cleanCueText(raw)).toBe(clean));

  test('is no longer than a screen could show', () => {
    expect(cleanCueText('x'.repeat(5_000))).toHaveLength(1_000);
    expect(cleanCueText(Array(50).fill('x').join('\n')).split('\n')).toHaveLength(8);
  });
});

test('a reader of HLS finds where time 0 is, then the cues', () => {
  expect(writeVttSegment([cue(3_600_000, 3_601_005, 'a\nb', 'line:0')])).toBe(
    'WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n01:00:00.000 --> 01:00:01.005 line:0\na\nb\n',
  );
  expect(writeVttSegment([])).toBe('WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n');
});

describe('encodings', () => {
  const text = 'Grüße, 00:00:01,000 --> 00:00:02,000';
  const utf16 = (bigEndian: boolean, mark: boolean) => {
    const bytes = Buffer.from((mark ? '\uFEFF' : '') + text, 'utf16le');
    return bigEndian ? bytes.swap16() : bytes;
  };
  test.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${text}`)],
    ['UTF-16, little end first', utf16(false, true)],
    ['UTF-16, big end first', utf16(true, true)],
    ['UTF-16 without a mark', utf16(false, false)],
    ['UTF-16 without a mark, big end first', utf16(true, false)],
    ['Latin-1', Buffer.from(text, 'latin1')],
  ])('%s', (_name, bytes) => expect(decodeText(bytes)).toBe(text));
});

test('cues move with the clock, and what is over by then is gone', () => {
  expect(moveCues([cue(0, 900), cue(500, 2_000), cue(3_000, 4_000)], 1)).toEqual([cue(0, 1_000), cue(2_000, 3_000)]);
  expect(moveCues([cue(0, 900)], -1)).toEqual([cue(1_000, 1_900)]);
});

test('a cue over a boundary is on both sides of it, one that ends there is not', () => {
  const over = cue(3_000, 5_000);
  const before = cue(3_000, 4_000);
  expect(cuesWithin([over, before], 0, 4_000)).toEqual([over, before]);
  expect(cuesWithin([over, before], 4_000, 8_000)).toEqual([over]);
});

test("an upload takes the place of the film's own of the same language and use, and of no other", () => {
  const track = (name: string, more: Partial<SubtitleTrack> = {}): SubtitleTrack => ({
    name,
    language: 'en',
    kind: 'subtitles',
    isDefault: false,
    isForced: false,
    origin: 'embedded',
    ...more,
  });
  const all = [
    track('a'),
    track('b', { kind: 'captions' }),
    track('c', { language: 'de' }),
    track('d', { origin: 'uploaded' }),
  ];
  expect(shownTracks(all).map(({ name }) => name)).toEqual(['b', 'c', 'd']);
});
