import { type DateRange, dateRangeLine, MOST_DATE_RANGES, reaches } from './date-range.ts';
import { liveInitUri, livePartUri, liveSegmentUri, siblingPlaylistUri } from './paths.ts';
import { LEAST_WINDOW_TARGETS, type ListedPart, type ListedSegment, type PartPlace } from './timeline.ts';
import { LARGEST_HOLE_SECONDS } from './track-cutter.ts';

/** What is the same in every playlist of a broadcast, and stays so for as long as it lasts. */
export interface LiveHeader {
  readonly targetDurationSeconds: number;
  readonly partTargetSeconds: number;
  /** Nothing is ever removed: EXT-X-PLAYLIST-TYPE:EVENT. */
  readonly isWhole: boolean;
}

/** Everything that one state of a rendition's playlist says. */
export interface LivePlaylist {
  readonly header: LiveHeader;
  readonly timescale: number;
  readonly discontinuitySequence: number;
  readonly segments: readonly ListedSegment[];
  /** The number of the segment after those. */
  readonly nextSequence: number;
  readonly open?: ListedSegment | undefined;
  readonly hint?: PartPlace | undefined;
  /** Of the session that the hint is in. */
  readonly hintSession?: number | undefined;
  readonly reports: readonly ({ readonly rendition: string } & PartPlace)[];
  readonly dateRanges: readonly DateRange[];
  /** Sessions that this rendition has an init segment of. */
  readonly hasInit: (session: number) => boolean;
  readonly isEnded: boolean;
}

/** 9 is the first with EXT-X-SKIP; full and delta playlists say the same, as header tags never change. */
const VERSION = 9;

/** Parts leave the text when their segment is so many target durations from the end. */
const PARTS_FOR_TARGETS = 3;
const HOLD_BACK_TARGETS = 3;
const HOLD_BACK_PARTS = 3;

/** How much of the end of a playlist every delta has. */
function skipUntilSeconds({ targetDurationSeconds }: LiveHeader): number {
  return LEAST_WINDOW_TARGETS * targetDurationSeconds;
}

/** Text of a playlist. A delta lacks what a client that has a playlist of a moment ago knows, if there is such a thing. */
export function writeLivePlaylist(playlist: LivePlaylist, isDelta = false): string {
  const { segments, open } = playlist;
  const endTicks = ticksOf([...segments, ...(open ? [open] : [])]);
  const skipped = isDelta ? skippable(playlist) : 0;
  const text = [...headerLines(playlist), ...dateRangeLines(playlist)];
  if (skipped > 0) text.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`);
  let mapped = segments.findLast(({ isGap }, at) => at < skipped && !isGap)?.session.number;
  let leftTicks = endTicks - ticksOf(segments.slice(0, skipped));
  for (let at = skipped; at < segments.length; at += 1) {
    const segment = segments[at];
    if (!segment) continue;
    leftTicks -= segment.durationTicks;
    const hasParts = leftTicks < PARTS_FOR_TARGETS * playlist.header.targetDurationSeconds * playlist.timescale;
    text.push(segmentText(playlist, segment, mapped, hasParts));
    if (!segment.isGap) mapped = segment.session.number;
  }
  if (open) text.push(...openingLines(playlist, open, mapped), ...partLines(playlist, open));
  text.push(...closingLines(playlist));
  return `${text.join('\n')}\n`;
}

function headerLines({ header, segments, nextSequence, discontinuitySequence }: LivePlaylist): string[] {
  const { targetDurationSeconds, partTargetSeconds } = header;
  // Rounded up: no part may seem longer than the target.
  const partTarget = Math.ceil(partTargetSeconds * 1e5 - 1e-4) / 1e5;
  const control = [
    'CAN-BLOCK-RELOAD=YES',
    `PART-HOLD-BACK=${plain(HOLD_BACK_PARTS * partTarget)}`,
    `HOLD-BACK=${HOLD_BACK_TARGETS * targetDurationSeconds}`,
    `CAN-SKIP-UNTIL=${skipUntilSeconds(header)}`,
  ];
  return [
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION}`,
    `#EXT-X-TARGETDURATION:${targetDurationSeconds}`,
    `#EXT-X-SERVER-CONTROL:${control.join(',')}`,
    `#EXT-X-PART-INF:PART-TARGET=${plain(partTarget)}`,
    `#EXT-X-MEDIA-SEQUENCE:${segments[0]?.sequence ?? nextSequence}`,
    ...(header.isWhole ? ['#EXT-X-PLAYLIST-TYPE:EVENT'] : [`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`]),
  ];
}

/** Ranges of which anything is listed, the newest ones. They need a clock, which is there as soon as a segment is. */
function dateRangeLines({ dateRanges, segments, open, timescale }: LivePlaylist): string[] {
  const first = segments[0] ?? open;
  if (!first) return [];
  const fromMs = wallClock(first, timescale);
  const listed = dateRanges.filter((each) => reaches(each, fromMs));
  return listed.slice(-MOST_DATE_RANGES).map(dateRangeLine);
}

/**
 * Segments that lie wholly before what every delta has. A hole in the source is many gaps at once, which nobody can have
 * had a moment ago: as much of gaps as one hole may be does not count.
 */
function skippable({ header, timescale, segments, open }: LivePlaylist): number {
  const enough = skipUntilSeconds(header) * timescale;
  let hole = LARGEST_HOLE_SECONDS * timescale;
  let behind = open?.durationTicks ?? 0;
  for (let at = segments.length - 1; at >= 0; at -= 1) {
    if (behind >= enough) return at + 1;
    const { durationTicks = 0, isGap } = segments[at] ?? {};
    const uncounted = isGap ? Math.min(hole, durationTicks) : 0;
    hole -= uncounted;
    behind += durationTicks - uncounted;
  }
  return 0;
}

function segmentText(
  playlist: LivePlaylist,
  segment: ListedSegment,
  mapped: number | undefined,
  hasParts: boolean,
): string {
  const isSettled = !hasParts && mapped === segment.session.number;
  const known = isSettled ? settled.get(segment) : undefined;
  if (known !== undefined) return known;
  const text = [
    ...openingLines(playlist, segment, mapped),
    ...(hasParts ? partLines(playlist, segment) : []),
    ...(segment.isGap ? ['#EXT-X-GAP'] : []),
    `#EXTINF:${seconds(segment.durationTicks, playlist.timescale)},`,
    liveSegmentUri(segment.session.number, segment.sequence),
  ].join('\n');
  if (isSettled) settled.set(segment, text);
  return text;
}

/** Texts of segments that never change any more: a whole event has thousands, and a state of it is written thrice a second. */
const settled = new WeakMap<ListedSegment, string>();

/**
 * What holds for a segment and stands before its first part. Its map stands before the first media of each session and not
 * sooner: where a rendition begins late, whoever is sent only what is new may never see what the session began with.
 * `mapped` is the session whose map holds before it.
 */
function openingLines(playlist: LivePlaylist, segment: ListedSegment, mapped: number | undefined): string[] {
  const { session, isDiscontinuity, isGap } = segment;
  const isOtherMap = !isGap && mapped !== session.number && playlist.hasInit(session.number);
  return [
    ...(isDiscontinuity ? ['#EXT-X-DISCONTINUITY'] : []),
    ...(isOtherMap ? [`#EXT-X-MAP:URI="${liveInitUri(session.number)}"`] : []),
    `#EXT-X-PROGRAM-DATE-TIME:${new Date(wallClock(segment, playlist.timescale)).toISOString()}`,
  ];
}

function partLines({ timescale }: LivePlaylist, { session, sequence, parts }: ListedSegment): string[] {
  return parts.map((part: ListedPart, index) => {
    const attributes = [
      `DURATION=${seconds(part.durationTicks, timescale)}`,
      `URI="${livePartUri(session.number, sequence, index)}"`,
      ...(part.isIndependent ? ['INDEPENDENT=YES'] : []),
      ...(part.isGap ? ['GAP=YES'] : []),
    ];
    return `#EXT-X-PART:${attributes.join(',')}`;
  });
}

function closingLines({ isEnded, hint, hintSession, reports }: LivePlaylist): string[] {
  if (isEnded) return ['#EXT-X-ENDLIST'];
  const hinted =
    hint && hintSession !== undefined
      ? [`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${livePartUri(hintSession, hint.sequence, hint.part)}"`]
      : [];
  return [
    ...hinted,
    ...reports.map(
      ({ rendition, sequence, part }) =>
        `#EXT-X-RENDITION-REPORT:URI="${siblingPlaylistUri(rendition)}",LAST-MSN=${sequence},LAST-PART=${part}`,
    ),
  ];
}

function wallClock({ session, startTicks, shiftMs }: ListedSegment, timescale: number): number {
  return Math.round(session.beganAtMs + shiftMs + (1_000 * startTicks) / timescale);
}

function ticksOf(segments: readonly ListedSegment[]): number {
  return segments.reduce((sum, { durationTicks }) => sum + durationTicks, 0);
}

/** Finer than any frame. */
function seconds(ticks: number, timescale: number): string {
  return (ticks / timescale).toFixed(5);
}

/** Without the digits that floating point adds. */
function plain(value: number): string {
  return String(Number(value.toFixed(5)));
}
