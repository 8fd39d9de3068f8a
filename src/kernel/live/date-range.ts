/** Something that happens at a time of a broadcast, for players that read EXT-X-DATERANGE. */
export interface DateRange {
  /** Unique in the broadcast, and of letters, digits, `_` and `-`. */
  readonly id: string;
  /** Reverse domain name of what it means. */
  readonly class: string;
  /** Wall clock of the media it belongs to. Epoch milliseconds. */
  readonly startsAtMs: number;
  readonly durationSeconds?: number;
  /** Any text; players find it in base64url as X-COM-FRONTROW-DATA. */
  readonly text: string;
}

/** The newest stay: a playlist is fetched three times a second. */
export const MOST_DATE_RANGES = 50;
/** Of a recording, whose playlists are fetched once: three megabytes of each at most, and usually a twentieth of that. */
export const MOST_RECORDED_DATE_RANGES = 1_000;
/** What a playlist can afford of each. */
export const LONGEST_DATE_RANGE_TEXT = 2_000;

/** The tag, which is the same in whatever playlist it stands (RFC 8216bis section 4.4.5.1). */
export function dateRangeLine({ id, class: means, startsAtMs, durationSeconds, text }: DateRange): string {
  const attributes = [
    `ID="${unquotable(id)}"`,
    `CLASS="${unquotable(means)}"`,
    `START-DATE="${new Date(startsAtMs).toISOString()}"`,
    ...(durationSeconds === undefined ? [] : [`DURATION=${Number(durationSeconds.toFixed(5))}`]),
    `X-COM-FRONTROW-DATA="${Buffer.from(text).toString('base64url')}"`,
  ];
  return `#EXT-X-DATERANGE:${attributes.join(',')}`;
}

/** Whether it goes on at or after a date. */
export function reaches({ startsAtMs, durationSeconds = 0 }: DateRange, dateMs: number): boolean {
  return startsAtMs + durationSeconds * 1_000 >= dateMs;
}

/** A quoted string may hold neither a quote nor a line end. */
function unquotable(text: string): string {
  return text.replace(/["\r\n]/g, ' ');
}
