import type { Session } from '../../kernel/live/broadcast.ts';
import { DateKeeper, firstShift } from '../../kernel/live/date-keeper.ts';
import type { SourcePacket } from '../../kernel/live/tap.ts';
import type { Spool } from './spool.ts';

/** Of segments that are under way in one rendition and not in another yet. */
const MOST_KEPT = 100;

/** How dates of a session are moved: settled when the first rendition begins a segment, and the same in all others. */
export class SessionDates {
  readonly #session: number;
  readonly #keeper: DateKeeper;
  readonly #spool: Pick<Spool, 'noteShift'>;
  readonly #shifts = new Map<number, number>();
  #lastMs = 0;

  /** @param listedUntilMs the date at which everything of earlier sessions ends */
  constructor({ number, beganAtMs }: Session, spool: Pick<Spool, 'noteShift'>, listedUntilMs: number) {
    this.#session = number;
    this.#keeper = new DateKeeper(beganAtMs, firstShift(beganAtMs, listedUntilMs));
    this.#spool = spool;
  }

  take(packets: readonly SourcePacket[], nowMs: number): void {
    this.#keeper.take(packets, nowMs);
  }

  shiftOf(sequence: number, startSeconds: number): number {
    const known = this.#shifts.get(sequence);
    if (known !== undefined) return known;
    const shiftMs = this.#keeper.next(startSeconds);
    this.#shifts.set(sequence, shiftMs);
    this.#shifts.delete(sequence - MOST_KEPT);
    // A crash must leave what was listed of the segment in progress as it was.
    if (shiftMs !== this.#lastMs) this.#spool.noteShift(this.#session, sequence, shiftMs);
    this.#lastMs = shiftMs;
    return shiftMs;
  }
}
