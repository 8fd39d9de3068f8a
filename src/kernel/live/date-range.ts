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
/** What a playlist can afford of each. */
export const LONGEST_DATE_RANGE_TEXT = 2_000;
