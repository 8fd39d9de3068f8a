import type { LogNews } from '../../kernel/edge-feed/message.ts';

/** Puts in force what was checked. */
type Commit = () => void | Promise<void>;

/** Whoever works by a section that is replaced as a whole. */
export interface StateTaker {
  readonly name: string;
  /** Reads a value without effect; whatever it throws refuses the whole message. */
  check(value: unknown): Commit;
}

/** Whoever works by a section that grows. */
export interface LogTaker {
  readonly name: string;
  /** As a state's. What it is given twice does no more than given once. */
  check(news: LogNews): Commit;
  /** What the copy on disk must hold of it, beside the number. */
  kept(): readonly unknown[];
  /** Goes on with what an earlier process kept. */
  restore(entries: readonly unknown[]): void;
}

export type Taker = StateTaker | LogTaker;

export function takesLog(taker: Taker): taker is LogTaker {
  return 'kept' in taker;
}
