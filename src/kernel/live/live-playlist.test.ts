import { expect, test } from 'vitest';
import type { DateRange } from './date-range.ts';
import { writeLivePlaylist } from './live-playlist.ts';
import { RenditionTimeline } from './timeline.ts';

const BEGAN_MS = Date.parse('2026-03-01T10:15:00Z');
const part = (isIndependent = false) => ({ durationTicks: 90_000, isIndependent, isGap: false });

/** Two segments of a first session, a gap and a part of a second one. */
function timeline(): RenditionTimeline {
  const made = new RenditionTimeline({ timescale: 90_000, targetDurationSeconds: 2, windowSeconds: 60 });
  made.enter({ number: 1, beganAtMs: BEGAN_MS });
  for (const start of [0, 180_000]) {
    made.addPart(start, part(true));
    made.addPart(start + 90_000, part());
    made.addSegment(start, 180_000, false);
  }
  made.enter({ number: 2, beganAtMs: BEGAN_MS + 9_500 });
  made.addSegment(0, 180_000, true);
  made.addPart(180_000, part(true));
  made.addPart(270_000, { durationTicks: 30_000, isIndependent: false, isGap: true });
  made.expect({ sequence: 3, part: 2 });
  return made;
}

function write(
  of: RenditionTimeline,
  dateRanges: readonly DateRange[] = [],
  isDelta = false,
  partTargetSeconds = 1,
): string {
  const { listed: segments, listedEnd, discontinuitySequence, isEnded } = of;
  const playlist = {
    header: { targetDurationSeconds: 2, partTargetSeconds, isWhole: false },
    timescale: 90_000,
    reports: [{ rendition: 'audio', sequence: 3, part: 1 }],
    dateRanges,
    hasInit: () => true,
    hintSession: of.session?.number,
    ...{ segments, ...listedEnd, discontinuitySequence, isEnded },
  };
  return writeLivePlaylist(playlist, isDelta);
}

test('a playlist with everything in it', () => {
  const range = {
    id: 'md_1',
    class: 'com.example.note',
    startsAtMs: BEGAN_MS + 1_000,
    durationSeconds: 2,
    text: '{"a":1}',
  };
  expect(write(timeline(), [range])).toBe(`#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3,HOLD-BACK=6,CAN-SKIP-UNTIL=12
#EXT-X-PART-INF:PART-TARGET=1
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-DATERANGE:ID="md_1",CLASS="com.example.note",START-DATE="2026-03-01T10:15:01.000Z",DURATION=2,X-COM-FRONTROW-DATA="eyJhIjoxfQ"
#EXT-X-MAP:URI="1/init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-03-01T10:15:00.000Z
#EXT-X-PART:DURATION=1.00000,URI="1/s00000.p0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=1.00000,URI="1/s00000.p1.m4s"
#EXTINF:2.00000,
1/s00000.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-03-01T10:15:02.000Z
#EXT-X-PART:DURATION=1.00000,URI="1/s00001.p0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=1.00000,URI="1/s00001.p1.m4s"
#EXTINF:2.00000,
1/s00001.m4s
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2026-03-01T10:15:09.500Z
#EXT-X-GAP
#EXTINF:2.00000,
2/s00002.m4s
#EXT-X-MAP:URI="2/init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-03-01T10:15:11.500Z
#EXT-X-PART:DURATION=1.00000,URI="2/s00003.p0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.33333,URI="2/s00003.p1.m4s",GAP=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="2/s00003.p2.m4s"
#EXT-X-RENDITION-REPORT:URI="../audio/index.m3u8",LAST-MSN=3,LAST-PART=1
`);
});

test('a rendition that begins late in a session has its map there, also for those who are told only what is new', () => {
  const late = new RenditionTimeline({ timescale: 90_000, targetDurationSeconds: 2 });
  late.enter({ number: 1, beganAtMs: BEGAN_MS });
  for (let at = 0; at < 10; at += 1) late.addSegment(180_000 * at, 180_000, false);
  late.enter({ number: 2, beganAtMs: BEGAN_MS });
  for (let at = 0; at < 25; at += 1) late.addSegment(180_000 * at, 180_000, true);
  late.addPart(180_000 * 25, part(true));
  const map = '#EXT-X-MAP:URI="2/init.mp4"';
  expect(write(late, [], true)).toMatch(/SKIPPED-SEGMENTS=14\n/);
  for (const isDelta of [false, true])
    expect(
      write(late, [], isDelta)
        .split('\n')
        .filter((line) => line === map),
    ).toHaveLength(1);
  for (let at = 25; at < 31; at += 1) late.addSegment(180_000 * at, 180_000, false);
  expect(write(late, [], true)).toContain('SKIPPED-SEGMENTS=35\n#EXT-X-MAP:URI="2/init.mp4"\n');
  late.addSegment(180_000 * 31, 180_000, false);
  expect(write(late, [], true)).not.toContain('EXT-X-MAP');
  expect(write(late)).toContain('2/s00034.m4s\n#EXT-X-MAP:URI="2/init.mp4"\n');
});

test('a hole in the source is many gaps at once, and a delta begins before it', () => {
  const held = new RenditionTimeline({ timescale: 90_000, targetDurationSeconds: 2 });
  held.enter({ number: 1, beganAtMs: BEGAN_MS });
  for (let at = 0; at < 8; at += 1) held.addSegment(180_000 * at, 180_000, false);
  expect(write(held, [], true)).toContain('SKIPPED-SEGMENTS=2\n');
  for (let at = 8; at < 20; at += 1) held.addSegment(180_000 * at, 180_000, true);
  expect(write(held, [], true)).toContain('SKIPPED-SEGMENTS=2\n');
});

test('gaps at the end are listed with the first whole segment behind them, or when they are all that is left', () => {
  const made = new RenditionTimeline({ timescale: 1, targetDurationSeconds: 2, windowSeconds: 12 });
  made.enter({ number: 1, beganAtMs: 0 });
  made.addSegment(0, 2, false);
  made.withholdEnd();
  expect(made.listed).toHaveLength(1);
  for (const start of [2, 4]) made.addSegment(start, 2, true);
  const { version } = made;
  made.withholdEnd();
  expect(made.version).toBeGreaterThan(version);
  made.enter({ number: 2, beganAtMs: 9 });
  made.addPart(0, { durationTicks: 1, isIndependent: true, isGap: false });
  made.expect({ sequence: 3, part: 1 });
  expect([made.listed.length, made.listedEnd]).toEqual([1, { nextSequence: 1, withheld: 2 }]);
  expect(write(made)).not.toMatch(/GAP|PART:|HINT|DISCONTINUITY\n/);
  made.addSegment(0, 2, true);
  expect(made.listedEnd.withheld).toBe(3);
  for (let start = 2; made.segments[0]?.sequence !== 1; start += 2) made.addSegment(start, 2, true);
  expect([made.listed, made.listedEnd.withheld]).toEqual([made.segments, 0]);

  made.addSegment(30, 2, false);
  made.addSegment(32, 2, true);
  made.withholdEnd();
  made.addSegment(34, 2, false);
  expect([made.listed, made.listedEnd.withheld]).toEqual([made.segments, 0]);
});

test('the end leaves neither hint nor reports', () => {
  const ended = timeline();
  ended.addSegment(180_000, 120_000, false);
  ended.end();
  expect(write(ended)).toMatch(/#EXTINF:1\.33333,\n2\/s00003\.m4s\n#EXT-X-ENDLIST\n$/);
  expect(write(ended)).not.toMatch(/HINT|REPORT/);
});

test('date ranges are the newest fifty of those of which anything is listed', () => {
  const ranges = Array.from({ length: 70 }, (_, index) => ({
    id: `md_${index}`,
    class: 'com.example.note',
    startsAtMs: BEGAN_MS + (index - 5) * 1_000,
    text: '',
  }));
  const ids = [...write(timeline(), ranges).matchAll(/ID="(md_\d+)"/g)].map((match) => match[1]);
  expect([ids.length, ids[0], ids.at(-1)]).toEqual([50, 'md_20', 'md_69']);
  const early = write(timeline(), ranges.slice(0, 10));
  expect(early).not.toContain('ID="md_4"');
  expect(early).toContain('ID="md_5"');
});

test('a window that slides counts the discontinuities that leave it', () => {
  const sliding = new RenditionTimeline({ timescale: 1, targetDurationSeconds: 2, windowSeconds: 12 });
  for (const number of [1, 2, 3]) {
    sliding.enter({ number, beganAtMs: 0 });
    for (let start = 0; start < 8; start += 2) sliding.addSegment(start, 2, false);
  }
  expect(sliding.segments.map(({ sequence }) => sequence)).toEqual([6, 7, 8, 9, 10, 11]);
  expect(sliding.discontinuitySequence).toBe(1);
  expect([5, 3, 12].map((sequence) => sliding.sessionOf(sequence))).toEqual([2, 1, undefined]);
});

const RATES = [10, 12.5, 24, 24_000 / 1_001, 25, 30, 30_000 / 1_001, 50, 60];

test.each(RATES)(
  'at %s pictures a second no part seems longer than the target, to whoever reads five digits',
  (rate) => {
    for (let frames = 1; frames <= rate; frames += 1) {
      const partTargetSeconds = frames / rate;
      const timescale = 90_000;
      const made = new RenditionTimeline({ timescale, targetDurationSeconds: 2, windowSeconds: 60 });
      made.enter({ number: 1, beganAtMs: BEGAN_MS });
      const durationTicks = Math.floor(partTargetSeconds * timescale + 1e-3);
      made.addPart(0, { durationTicks, isIndependent: true, isGap: false });
      const text = write(made, [], false, partTargetSeconds);
      const read = (name: string) => Number(new RegExp(`${name}=([0-9.]+)`).exec(text)?.[1]);
      expect(read('PART:DURATION'), `${frames} frames`).toBeLessThanOrEqual(read('PART-TARGET'));
    }
  },
);
