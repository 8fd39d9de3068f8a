import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../kernel/clock.ts';
import type { FeedPosition } from '../../kernel/edge-feed/message.ts';
import type { Board } from './board.ts';

export interface StreamOptions {
  readonly clock: Clock;
  /** So often something is said. */
  readonly beatMs: number;
  /** Ends the stream. */
  readonly ending: AbortSignal;
  /** Whether the edge may still hear; asked when something has changed. */
  readonly admits: () => Promise<boolean>;
}

/** What an edge does not take within so long it never will. */
const STALL_MS = 15_000;

/**
 * Sends an edge what differs from what it has, whenever something does, and otherwise a word now and then. There is one
 * message on its way at a time, and what changes meanwhile goes into the next: a slow edge costs no more than a quick one.
 * Resolves when the edge is gone, or may not hear any more.
 */
export async function streamFeed(
  response: ServerResponse,
  board: Board,
  from: FeedPosition,
  { clock, beatMs, ending, admits }: StreamOptions,
): Promise<void> {
  const bell = new Bell();
  const unfollow = board.follow(() => bell.ring());
  const hangUp = () => bell.ring();
  ending.addEventListener('abort', hangUp);
  response.once('close', hangUp);
  const isOver = () => ending.aborted || response.destroyed || response.writableEnded;
  try {
    let admittedAt = 0;
    for (let position = from; !isOver(); ) {
      const notice = await board.noticeFor(position, clock.now(), beatMs);
      if (notice.revision !== admittedAt && !(await admits())) break;
      admittedAt = notice.revision;
      if (isOver() || !(await sent(response, notice.text))) break;
      position = notice.position;
      await bell.rung(beatMs);
    }
  } finally {
    unfollow();
    ending.removeEventListener('abort', hangUp);
    response.end();
  }
}

/** False when the other end does not take it, or is gone. */
async function sent(response: ServerResponse, text: string): Promise<boolean> {
  if (response.write(text)) return true;
  const over = new AbortController();
  const overdue = setTimeout(() => response.destroy(), STALL_MS);
  try {
    await Promise.race([
      once(response, 'drain', { signal: over.signal }),
      once(response, 'close', { signal: over.signal }),
    ]);
  } finally {
    clearTimeout(overdue);
    over.abort();
  }
  return !response.destroyed;
}

/** Rings once for however many reasons there were, also when nobody was waiting yet. */
class Bell {
  #rang = false;
  #wake: () => void = () => {};

  ring(): void {
    this.#rang = true;
    this.#wake();
  }

  /** Resolves at the next ring, or after a time. */
  async rung(waitMs: number): Promise<void> {
    if (!this.#rang) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#rang = false;
  }
}
