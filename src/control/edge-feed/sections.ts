import { createHash } from 'node:crypto';

/** What edges are told consists of sections, which others fill; each is read when the feed's mark has moved. */
export type Section = StateSection | LogSection;

/** A section that an edge replaces as a whole. */
export interface StateSection {
  readonly name: string;
  read(): Promise<StateReading>;
}

export interface StateReading {
  /** Differs when the value does; letters, digits, `-` and `_`. */
  readonly version: string;
  readonly value: unknown;
}

/** A section that grows by entries with numbers. */
export interface LogSection {
  readonly name: string;
  /** What comes after a number; all that count when it is undefined, or too old for the rest to be known. */
  after(sequence: number | undefined): Promise<LogReading>;
}

export interface LogReading {
  /** Whether the entries are all that count. */
  readonly whole: boolean;
  readonly upTo: number;
  readonly entries: readonly unknown[];
}

/** A version for a value that has none of its own. */
export function versionOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22);
}

export function isLog(section: Section): section is LogSection {
  return 'after' in section;
}
