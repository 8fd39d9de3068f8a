import { parseLivePath } from './paths.ts';
import type { Progress } from './reload.ts';

/** What a live playlist says of what is to come, read without reading all of it: an edge does so for every state. */
export interface Outlook {
  /** EXT-X-TARGETDURATION. */
  readonly targetSeconds: number;
  /** Paths in EXT-X-PRELOAD-HINT, in their order: what the origin will have next. */
  readonly hints: readonly string[];
  /** By the names at its end; undefined for one without parts, on which nobody waits. */
  readonly progress: Progress | undefined;
}

/** A hint stands behind everything that is there already. */
const TAIL_BYTES = 4_096;
const TARGET = /^#EXT-X-TARGETDURATION:(\d{1,5})\s*$/m;
const PART_TARGET = /^#EXT-X-PART-INF:(?:.*,)?PART-TARGET=(\d{1,3}(?:\.\d{1,6})?)/m;
const ENDED = /^#EXT-X-ENDLIST\s*$/m;
const HINT = /^#EXT-X-PRELOAD-HINT:(.*)$/gm;
const LISTED = /^(?:#EXT-X-PART:(.*)|([^#\s]\S{0,511}))$/gm;
const URI = /(?:^|,)URI="([^"]{1,512})"/;
/** At most one of each type, part and map. */
const MAX_HINTS = 2;

/** Reads a playlist whose names are of a folder. Undefined for what is no media playlist. */
export function readOutlook(playlist: Buffer, folder: string): Outlook | undefined {
  const head = playlist.toString('latin1', 0, TAIL_BYTES);
  const target = TARGET.exec(head)?.[1];
  if (!head.startsWith('#EXTM3U') || target === undefined) return undefined;
  const tail = playlist.toString('latin1', Math.max(0, playlist.length - TAIL_BYTES));
  const partTarget = PART_TARGET.exec(head)?.[1];
  const hinted = [...tail.matchAll(HINT)].flatMap(([, attributes = '']) => URI.exec(attributes)?.[1] ?? []);
  const isEnded = ENDED.test(tail);
  return {
    targetSeconds: Number(target),
    hints: isEnded ? [] : hinted.slice(0, MAX_HINTS).map((uri) => folder + uri),
    progress: partTarget === undefined ? undefined : progressOf(tail, folder, Number(partTarget), isEnded),
  };
}

/** Sequence numbers stand in names, so that those at the end tell how far all of it is. */
function progressOf(tail: string, folder: string, partTargetSeconds: number, isEnded: boolean): Progress | undefined {
  const parts = new Map<number, number>();
  let complete = -1;
  let newest = -1;
  for (const [, attributes, name] of tail.matchAll(LISTED)) {
    const object = parseLivePath(folder + (name ?? URI.exec(attributes ?? '')?.[1] ?? ''));
    if (object?.kind !== 'part' && object?.kind !== 'segment') continue;
    newest = object.sequence;
    if (object.kind === 'segment') complete = object.sequence;
    else parts.set(object.sequence, object.part + 1);
  }
  if (newest < 0) return undefined;
  const last = complete === newest ? newest : newest - 1;
  const lastParts = parts.get(last) ?? Number.POSITIVE_INFINITY;
  return { last, lastParts, openParts: parts.get(last + 1) ?? 0, isEnded, partTargetSeconds };
}
