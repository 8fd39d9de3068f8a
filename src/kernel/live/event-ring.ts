/** Numbered events as they were sent, from 1 and without a gap, the newest few of them. */
export class EventRing {
  readonly #maxCount: number;
  readonly #maxBytes: number;
  #events: string[] = [];
  #bytes = 0;
  #sequence: number;

  /** @param sequence of the last event before those that come */
  constructor(limits: { readonly count: number; readonly bytes: number }, sequence = 0) {
    this.#maxCount = limits.count;
    this.#maxBytes = limits.bytes;
    this.#sequence = sequence;
  }

  /** Of the newest event; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Of the oldest event that is kept; one more than `sequence` when none is. */
  get first(): number {
    return this.#sequence - this.#events.length + 1;
  }

  /** Keeps the event that comes after the newest one. */
  push(text: string): void {
    this.#events.push(text);
    this.#bytes += Buffer.byteLength(text);
    this.#sequence += 1;
    while (this.#events.length > this.#maxCount || (this.#bytes > this.#maxBytes && this.#events.length > 1)) {
      this.#bytes -= Buffer.byteLength(this.#events.shift() ?? '');
    }
  }

  /** Takes the words out of chat messages that were deleted: who joins later is not told them. Their numbers stay. */
  withdraw(ids: readonly string[]): void {
    this.#events = this.#events.map((text) => (ids.some((id) => text.includes(id)) ? withoutWords(text, ids) : text));
    this.#bytes = this.#events.reduce((total, text) => total + Buffer.byteLength(text), 0);
  }

  /** Whether a chat message is kept with its words. */
  hasWords(id: string): boolean {
    return this.#events.some((text) => text.includes(id) && withoutWords(text, [id]) !== text);
  }

  has(sequence: number): boolean {
    return sequence >= this.first - 1 && sequence <= this.#sequence;
  }

  /** What came after this number, as far as it is kept. */
  after(sequence: number): readonly string[] {
    return this.#events.slice(Math.max(0, sequence + 1 - this.first));
  }
}

function withoutWords(text: string, ids: readonly string[]): string {
  const event = JSON.parse(text) as { type: string; id?: string; text?: string };
  return event.type === 'chat' && ids.includes(event.id ?? '') ? JSON.stringify({ ...event, text: '' }) : text;
}

/** A few hundred lines of chat: more than a reconnect misses, and a page of history for who joins. */
export const RING_LIMITS = { count: 200, bytes: 262_144 } as const;
