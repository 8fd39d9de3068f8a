/**
 * A live playlist as a client reads it that forgives nothing: every rule of draft-pantos-hls-rfc8216bis that can be told
 * from texts alone is a check here, and what breaks one is thrown with the rule's name.
 */
export interface StrictPart {
  readonly uri: string;
  readonly duration: number;
  readonly isIndependent: boolean;
  readonly isGap: boolean;
}

export interface StrictSegment {
  readonly sequence: number;
  readonly uri: string | undefined;
  readonly duration: number;
  readonly isGap: boolean;
  readonly isDiscontinuity: boolean;
  /** In effect, from this playlist or from the one that a delta was merged with. */
  readonly map: string | undefined;
  readonly dateMs: number | undefined;
  readonly parts: readonly StrictPart[];
}

export interface StrictPlaylist {
  readonly text: string;
  /** Tags that may never change. */
  readonly header: readonly string[];
  readonly targetDuration: number;
  readonly partTarget: number;
  readonly control: Readonly<Record<string, string>>;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly skipped: number;
  readonly segments: readonly StrictSegment[];
  /** The segment in progress, when it has parts. */
  readonly open: StrictSegment | undefined;
  readonly hint: string | undefined;
  readonly reports: readonly { readonly uri: string; readonly msn: number; readonly part: number }[];
  readonly isEnded: boolean;
}

/** How often each rule was looked at. */
export const demanded = new Map<string, number>();

export class BrokenRule extends Error {
  readonly rule: string;

  constructor(rule: string, about: unknown) {
    super(`${rule}: ${typeof about === 'string' ? about : JSON.stringify(about)}`);
    this.rule = rule;
  }
}

export function demand(rule: string, holds: boolean, about: unknown = ''): asserts holds {
  demanded.set(rule, (demanded.get(rule) ?? 0) + 1);
  if (!holds) throw new BrokenRule(rule, about);
}

const ONCE = ['EXTM3U', 'EXT-X-VERSION', 'EXT-X-TARGETDURATION', 'EXT-X-SERVER-CONTROL', 'EXT-X-PART-INF'];
const FIXED = [...ONCE, 'EXT-X-PLAYLIST-TYPE', 'EXT-X-INDEPENDENT-SEGMENTS'];

/** A segment while its tags are being read. */
interface Draft {
  isGap: boolean;
  isDiscontinuity: boolean;
  map: string | undefined;
  dateMs: number | undefined;
  parts: StrictPart[];
  duration: number | undefined;
}

const fresh = (map: string | undefined): Draft => ({
  isGap: false,
  isDiscontinuity: false,
  map,
  dateMs: undefined,
  parts: [],
  duration: undefined,
});

/** Reads a playlist; a delta becomes whole by the playlist that was there before. */
export function readStrict(text: string, before?: StrictPlaylist): StrictPlaylist {
  demand('text ends with a line end', text.endsWith('\n'));
  const lines = text.slice(0, -1).split('\n');
  demand('first line is EXTM3U', lines[0] === '#EXTM3U', lines[0]);
  const tags = lines.map((line) => /^#(EXT[A-Z0-9-]*)(?::(.*))?$/.exec(line));
  const values = (name: string) => tags.flatMap((tag) => (tag?.[1] === name ? [tag[2] ?? ''] : []));
  for (const name of ONCE) demand('header tags stand once', values(name).length === 1, name);
  const mediaSequence = Number(values('EXT-X-MEDIA-SEQUENCE')[0]);
  const skip = values('EXT-X-SKIP')[0];
  const skipped = skip === undefined ? 0 : Number(readAttributes(skip)['SKIPPED-SEGMENTS']);
  const segments = skipped === 0 ? [] : recall(before, mediaSequence, skipped);
  let draft = fresh(segments.at(-1)?.map);
  const reports: { uri: string; msn: number; part: number }[] = [];
  let hint: string | undefined;
  for (const [index, line] of lines.entries()) {
    const [, name, value = ''] = tags[index] ?? [];
    if (name === undefined) {
      demand('a line is a tag of HLS or a URI', line !== '' && !line.startsWith('#'), line);
      const { duration, ...rest } = draft;
      demand('EXTINF stands before each URI', duration !== undefined, line);
      segments.push({ ...rest, duration, sequence: mediaSequence + segments.length, uri: line });
      draft = fresh(draft.map);
      continue;
    }
    demand(
      'nothing is added behind hints and reports',
      (!hint && reports.length === 0) || /HINT|REPORT/.test(name),
      line,
    );
    const attributes = readAttributes(value);
    if (name === 'EXTINF') draft.duration = Number(value.replace(/,$/, ''));
    if (name === 'EXT-X-GAP') draft.isGap = true;
    if (name === 'EXT-X-PART') draft.parts.push(readPart(attributes));
    if (/^EXT-X-(DISCONTINUITY|MAP|PROGRAM-DATE-TIME)$/.test(name)) {
      demand('tags of a segment stand before its parts', draft.parts.length === 0, line);
    }
    if (name === 'EXT-X-DISCONTINUITY') draft.isDiscontinuity = true;
    if (name === 'EXT-X-MAP') draft.map = unquoted(attributes.URI);
    if (name === 'EXT-X-PROGRAM-DATE-TIME') draft.dateMs = Date.parse(value);
    if (name === 'EXT-X-PRELOAD-HINT') {
      demand('one hint of a type', hint === undefined && attributes.TYPE === 'PART', line);
      hint = unquoted(attributes.URI);
    }
    if (name === 'EXT-X-RENDITION-REPORT') {
      reports.push({
        uri: unquoted(attributes.URI) ?? '',
        msn: Number(attributes['LAST-MSN']),
        part: Number(attributes['LAST-PART']),
      });
    }
  }
  const hasOpen = draft.parts.length > 0;
  const open = { ...draft, sequence: mediaSequence + segments.length, uri: undefined };
  const duration = draft.parts.reduce((sum, part) => sum + part.duration, 0);
  const playlist: StrictPlaylist = {
    text,
    header: lines.filter((_, index) => FIXED.includes(tags[index]?.[1] ?? '')),
    targetDuration: Number(values('EXT-X-TARGETDURATION')[0]),
    partTarget: Number(readAttributes(values('EXT-X-PART-INF')[0] ?? '')['PART-TARGET']),
    control: readAttributes(values('EXT-X-SERVER-CONTROL')[0] ?? ''),
    mediaSequence,
    discontinuitySequence: Number(values('EXT-X-DISCONTINUITY-SEQUENCE')[0] ?? 0),
    skipped,
    segments,
    open: hasOpen ? { ...open, duration } : undefined,
    hint,
    reports,
    isEnded: values('EXT-X-ENDLIST').length > 0,
  };
  checkPlaylist(playlist);
  return playlist;
}

/** What a delta leaves out is what the playlist before had under the same numbers. */
function recall(before: StrictPlaylist | undefined, mediaSequence: number, skipped: number): StrictSegment[] {
  const known = before?.segments.filter(({ sequence }) => sequence >= mediaSequence).slice(0, skipped) ?? [];
  demand(
    'a delta skips what the client has',
    known.length === skipped && known[0]?.sequence === mediaSequence,
    skipped,
  );
  return known.map((segment) => ({ ...segment, parts: [] }));
}

function checkPlaylist(playlist: StrictPlaylist): void {
  const { segments, open, partTarget, targetDuration, control, isEnded, hint, reports, skipped, text } = playlist;
  demand('version covers EXT-X-SKIP', /#EXT-X-VERSION:(9|1\d)\n/.test(text));
  demand('CAN-BLOCK-RELOAD', control['CAN-BLOCK-RELOAD'] === 'YES', control);
  demand('PART-HOLD-BACK is three part targets', Number(control['PART-HOLD-BACK']) >= 3 * partTarget - 1e-9, control);
  demand('HOLD-BACK is three targets', Number(control['HOLD-BACK']) >= 3 * targetDuration, control);
  demand('CAN-SKIP-UNTIL is six targets', Number(control['CAN-SKIP-UNTIL']) >= 6 * targetDuration, control);
  demand(
    'ENDLIST leaves no hint, no report and nothing in progress',
    !isEnded || (!hint && reports.length === 0 && !open),
  );
  for (const [index, segment] of [...segments, ...(open ? [open] : [])].entries()) {
    if (index < skipped) continue;
    const { duration, parts, isGap, uri } = segment;
    const about = { uri, duration, isGap, parts };
    demand('a segment, rounded, is not above the target duration', Math.round(duration) <= targetDuration, about);
    demand('every segment has a program date time', segment.dateMs !== undefined, about);
    demand(
      'media has a map',
      isGap || (parts.every((part) => part.isGap) && parts.length > 0) || segment.map !== undefined,
      about,
    );
    checkParts(parts, partTarget, uri === undefined);
    if (parts.length === 0 || uri === undefined) continue;
    const sum = parts.reduce((seconds, part) => seconds + part.duration, 0);
    demand('parts sum to their segment', Math.abs(sum - duration) < 1e-5 * (parts.length + 1), about);
  }
  const kept = [...segments.slice(skipped), ...(open ? [open] : [])].reduce((sum, { duration }) => sum + duration, 0);
  demand(
    'a delta has what CAN-SKIP-UNTIL says',
    skipped === 0 || kept >= Number(control['CAN-SKIP-UNTIL']) - 1e-3,
    kept,
  );
  checkPartAge(playlist);
}

function checkParts(parts: readonly StrictPart[], partTarget: number, isOpen: boolean): void {
  for (const [index, part] of parts.entries()) {
    demand('no part is longer than PART-TARGET', part.duration <= partTarget + 1e-9, part);
    const next = parts[index + 1];
    const isLast = next === undefined && !isOpen;
    if (part.isIndependent || part.isGap || next?.isGap || isLast || next === undefined) continue;
    demand('a part has 85 % of PART-TARGET', part.duration >= 0.85 * partTarget - 1e-5, part);
  }
}

/** Parts are for the live edge alone: of older segments they only make the text longer. */
function checkPartAge({ segments, open, targetDuration }: StrictPlaylist): void {
  let fromEnd = open?.duration ?? 0;
  for (const segment of segments.toReversed()) {
    const isOld = fromEnd > 3 * targetDuration + 1e-3;
    demand('parts older than three targets are gone', !isOld || segment.parts.length === 0, segment);
    fromEnd += segment.duration;
  }
}

/** What must hold between one state of a playlist and a later one. */
export function checkSuccession(before: StrictPlaylist, after: StrictPlaylist): void {
  demand('header tags never change', before.header.join() === after.header.join(), [before.header, after.header]);
  demand('media sequence never goes back', after.mediaSequence >= before.mediaSequence);
  demand('an ended playlist stays as it is', !before.isEnded || before.text === after.text);
  const removed = before.segments.filter(({ sequence }) => sequence < after.mediaSequence);
  const gone = removed.filter(({ isDiscontinuity }) => isDiscontinuity).length;
  demand(
    'discontinuity sequence counts the tags that left',
    after.discontinuitySequence === before.discontinuitySequence + gone ||
      removed.length < after.mediaSequence - before.mediaSequence,
    [before.discontinuitySequence, after.discontinuitySequence, gone],
  );
  const later = new Map([...after.segments, ...(after.open ? [after.open] : [])].map((each) => [each.sequence, each]));
  for (const segment of before.segments) {
    const same = later.get(segment.sequence);
    if (same) demand('what is listed never changes', identity(segment) === identity(same), [segment, same]);
    else demand('only the oldest segments leave', segment.sequence < after.mediaSequence, segment);
  }
  const open = before.open && later.get(before.open.sequence);
  if (!before.open || !open || open.parts.length === 0) return;
  const kept = open.parts.slice(0, before.open.parts.length);
  demand('parts that are listed never change', JSON.stringify(kept) === JSON.stringify(before.open.parts), open);
}

/** Of what is a gap nothing is loaded: whatever map stands before it is of no account. */
function identity({ parts: _, map, ...segment }: StrictSegment): string {
  return JSON.stringify({ ...segment, map: segment.isGap ? undefined : map });
}

function readPart(attributes: Readonly<Record<string, string>>): StrictPart {
  const uri = unquoted(attributes.URI);
  demand('a part has a URI', uri !== undefined);
  return {
    uri,
    duration: Number(attributes.DURATION),
    isIndependent: attributes.INDEPENDENT === 'YES',
    isGap: attributes.GAP === 'YES',
  };
}

function readAttributes(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^,]*)(?:,|$)/g)].map((match) => match.slice(1, 3)),
  );
}

function unquoted(text: string | undefined): string | undefined {
  return text === undefined ? undefined : text.slice(1, -1);
}
