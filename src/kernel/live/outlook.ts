/** What a live playlist says of what is to come, read without reading all of it: an edge does so for every state. */
export interface Outlook {
  /** EXT-X-TARGETDURATION. */
  readonly targetSeconds: number;
  /** URIs of EXT-X-PRELOAD-HINT, in their order: what the origin will have next. */
  readonly hints: readonly string[];
  /** EXT-X-ENDLIST: nothing is to come. */
  readonly ended: boolean;
}

/** A hint stands behind everything that is there already. */
const TAIL_BYTES = 4_096;
const TARGET = /^#EXT-X-TARGETDURATION:(\d{1,5})\s*$/m;
const HINT = /^#EXT-X-PRELOAD-HINT:(.*)$/gm;
const HINTED_URI = /(?:^|,)URI="([^"]{1,512})"/;
/** At most one of each type, part and map. */
const MAX_HINTS = 2;

/** Undefined for what is no media playlist. */
export function readOutlook(playlist: Buffer): Outlook | undefined {
  const head = playlist.toString('latin1', 0, TAIL_BYTES);
  const target = TARGET.exec(head)?.[1];
  if (!head.startsWith('#EXTM3U') || target === undefined) return undefined;
  const tail = playlist.toString('latin1', Math.max(0, playlist.length - TAIL_BYTES));
  const hinted = [...tail.matchAll(HINT)].flatMap(([, attributes = '']) => HINTED_URI.exec(attributes)?.[1] ?? []);
  return {
    targetSeconds: Number(target),
    hints: hinted.slice(0, MAX_HINTS),
    ended: /^#EXT-X-ENDLIST\s*$/m.test(tail),
  };
}
