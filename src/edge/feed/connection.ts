import { type FeedMessage, parseFeedMessage } from '../../kernel/edge-feed/message.ts';
import { Fault } from '../../kernel/errors.ts';
import { type FieldList, firstOf } from '../../kernel/http/fields.ts';
import type { Upstream, UpstreamCall } from '../upstream.ts';

export interface FeedConnectionOptions {
  readonly control: Upstream;
  readonly target: string;
  readonly fields: FieldList;
  /** Called with one message after the other, the next when it is done; what it throws ends the connection. */
  readonly take: (message: FeedMessage) => Promise<void>;
  /** Hears what time control has when it lets nobody in: a clock that is off makes a signature that does not hold. */
  readonly told: (nowMs: number) => void;
  readonly signal: AbortSignal;
}

/** Longer than any honest message. */
const MAX_LINE_BYTES = 67_108_864;
/** Control says with each message how often there is one; until then this is how long is waited for the first. */
const FIRST_SILENCE_MS = 10_000;
/** So many heartbeats may be missed. */
const MISSED_BEATS = 3;

/**
 * One answer of control's feed, from its head to its end. Always rejects in the end: with what ended it, which may be no
 * more than that control closed it. @throws Fault ORIGIN_…, or what `take` throws
 */
export function followOnce({ control, target, fields, take, told, signal }: FeedConnectionOptions): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (cause: unknown) => {
      clearTimeout(silence);
      signal.removeEventListener('abort', leave);
      call.abort();
      lines.stop();
      reject(cause);
    };
    const leave = () => end(signal.reason);
    const overdue = () => end(new Fault('ORIGIN_TIMEOUT', { detail: { of: 'feed' } }));
    let silence = setTimeout(overdue, FIRST_SILENCE_MS);
    const lines = new LineQueue(
      async (line) => {
        const message = parseFeedMessage(line);
        clearTimeout(silence);
        await take(message);
        if (!signal.aborted) silence = setTimeout(overdue, Math.max(100, message.beatMs * MISSED_BEATS));
      },
      end,
      () => call.resume(),
    );
    const call: UpstreamCall = control.send(
      { method: 'GET', target, fields },
      {
        head: ({ status, fields: answered }) => {
          if (status === 200) return;
          const nowMs = Date.parse(firstOf(answered, 'date') ?? '');
          if (status === 403 && Number.isFinite(nowMs)) told(nowMs);
          end(new Fault('ORIGIN_INVALID', { detail: { status } }));
        },
        data: (chunk) => lines.push(chunk),
        end: () => end(new Fault('ORIGIN_TRUNCATED', { detail: { of: 'feed' } })),
        fail: end,
      },
    );
    signal.addEventListener('abort', leave, { once: true });
  });
}

/** Cuts what comes into lines and has them taken one by one; asks for a pause while it is behind. */
class LineQueue {
  readonly #take: (line: string) => Promise<void>;
  readonly #failed: (cause: unknown) => void;
  readonly #caughtUp: () => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  readonly #lines: string[] = [];
  #busy = false;
  #stopped = false;

  constructor(take: (line: string) => Promise<void>, failed: (cause: unknown) => void, caughtUp: () => void) {
    this.#take = take;
    this.#failed = failed;
    this.#caughtUp = caughtUp;
  }

  /** False while there is more in hand than is being taken. */
  push(chunk: Buffer): boolean {
    if (this.#stopped) return true;
    let from = 0;
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, from)) {
      this.#chunks.push(chunk.subarray(from, at));
      this.#lines.push(Buffer.concat(this.#chunks).toString('utf8'));
      this.#chunks = [];
      this.#bytes = 0;
      from = at + 1;
    }
    if (from < chunk.length) {
      this.#chunks.push(chunk.subarray(from));
      this.#bytes += chunk.length - from;
    }
    if (this.#bytes > MAX_LINE_BYTES) this.#failed(new Fault('ORIGIN_INVALID', { detail: { of: 'feed message' } }));
    if (!this.#busy) void this.#takeAll();
    return !this.#busy;
  }

  /** What has not been taken never will: the next connection may have told something newer by then. */
  stop(): void {
    this.#stopped = true;
    this.#lines.length = 0;
  }

  async #takeAll(): Promise<void> {
    this.#busy = true;
    try {
      for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift()) await this.#take(line);
    } catch (cause) {
      this.#lines.length = 0;
      this.#failed(cause);
      return;
    }
    this.#busy = false;
    this.#caughtUp();
  }
}
