import { setTimeout as pause } from 'node:timers/promises';
import type { FaultCode } from '../../kernel/errors.ts';

const WRONG_MS = 1_000;
const MAX_WAITING = 8;

export interface ClaimVerdict {
  readonly code?: FaultCode;
  readonly retryAfterMs?: number;
}

/** Viewers who say that they have the stream key: one at a time, and a wrong one takes a second. Nobody guesses at that pace. */
export class KeyClaims {
  readonly #isStreamKey: (streamKey: string) => Promise<boolean>;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(isStreamKey: (streamKey: string) => Promise<boolean>) {
    this.#isStreamKey = isStreamKey;
  }

  async judge(streamKey: string): Promise<ClaimVerdict> {
    if (this.#waiting >= MAX_WAITING) return { code: 'CHANNEL_RATE_LIMITED', retryAfterMs: WRONG_MS };
    this.#waiting += 1;
    const judged = this.#last.then(() => this.#check(streamKey));
    this.#last = judged;
    const verdict = await judged;
    this.#waiting -= 1;
    return verdict;
  }

  async #check(streamKey: string): Promise<ClaimVerdict> {
    // A database that is away says nothing of the key.
    const holds = await this.#isStreamKey(streamKey).catch(() => undefined);
    if (holds) return {};
    await pause(WRONG_MS);
    return { code: holds === undefined ? 'CHANNEL_AWAY' : 'STREAM_KEY_REFUSED' };
  }
}
