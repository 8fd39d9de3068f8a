import type { Writable } from 'node:stream';
import type { Clock } from '../../kernel/clock.ts';
import type { FaultCode } from '../../kernel/errors.ts';
import type { LiveSource } from '../../kernel/live/source.ts';
import { openWindow } from '../../kernel/live/window/open-window.ts';
import type { SetUpChange, SourceWindow } from '../../kernel/live/window/source-window.ts';
import { lookAtSource } from '../encoder/look.ts';
import type { Publisher } from '../seams.ts';

/** Who reads a source, and hears when that goes on as another one: what was written to it until then is of the old set-up. */
type OnChange = (change: SetUpChange) => void;

/** What has changed its set-up more often is not worth a session each time. */
const MOST_CHANGES = 3;
/** Programs that look at one that changes while they do. */
const MOST_LOOKS = 3;

/**
 * A publisher's bytes on their way: to a program, while one reads them, and to nowhere otherwise. The newest stay at hand,
 * so that the next program begins at a key frame that has been already.
 */
export class PublisherFeed {
  readonly id: number;
  readonly publisher: Publisher;
  /** Of the key that it came in by. */
  readonly keyHash: string;
  readonly joinedAt = performance.now();
  readonly #clock: Clock;
  readonly #maxPixels: number;
  #window: SourceWindow;
  #reader: Writable | undefined;
  #onChange: OnChange = () => {};
  #looking: Promise<LiveSource | undefined> | undefined;
  #changes = 0;
  /** How many changes there had been when it was looked at. */
  #changesSeen: number | undefined;
  /** By the clock that only goes on: a time of day that is set must end no broadcast. */
  #lastByteAt = performance.now();
  #blockedSince: number | undefined;
  #blockedMs = 0;
  #isOver = false;
  /** Its own times turned out to be of no use. */
  usesArrivalTimes = false;
  /** How often its times were of another clock all of a sudden. */
  jumps = 0;

  constructor(id: number, publisher: Publisher, keyHash: string, clock: Clock, maxPixels: number) {
    this.id = id;
    this.publisher = publisher;
    this.keyHash = keyHash;
    this.#clock = clock;
    this.#maxPixels = maxPixels;
    this.#window = openWindow(publisher.container);
  }

  /** Reads until there is nothing any more. */
  async run(): Promise<void> {
    try {
      for await (const bytes of this.publisher.bytes) await this.#take(bytes as Uint8Array);
    } catch {
      // Destroyed while it was read: whoever did that knows.
    }
    this.#isOver = true;
    this.#reader?.end();
  }

  async #take(bytes: Uint8Array): Promise<void> {
    const now = performance.now();
    this.#lastByteAt = now;
    const change = this.#window.push(bytes, this.#clock.now());
    const reader = change ? this.#passOver(bytes, change) : this.#write(bytes);
    if (!reader) return;
    this.#blockedSince = now;
    await roomIn(reader);
    this.#lastByteAt = performance.now();
    this.#blockedMs += this.#lastByteAt - now;
    this.#blockedSince = undefined;
  }

  /** Returns the reader that has to be waited for. */
  #write(bytes: Uint8Array): Writable | undefined {
    const reader = this.#reader;
    return !reader || reader.destroyed || reader.writableEnded || reader.write(bytes) ? undefined : reader;
  }

  /** A reader that has enough by the change gets no more; one that has come by it has got these bytes already. */
  #passOver(bytes: Uint8Array, change: SetUpChange): Writable | undefined {
    const before = this.#reader;
    this.#write(bytes.subarray(0, change.at));
    this.#changes += 1;
    this.#onChange(change);
    return this.#reader === before ? this.#write(bytes.subarray(change.at)) : undefined;
  }

  get container(): Publisher['container'] {
    return this.publisher.container;
  }

  /** Milliseconds since it was last heard of; none while nobody takes what it sends. */
  get silentMs(): number {
    return this.#blockedSince === undefined && !this.#isOver ? performance.now() - this.#lastByteAt : 0;
  }

  /** Milliseconds in all in which it waited for its reader. */
  get blockedMs(): number {
    return this.#blockedMs + (this.#blockedSince === undefined ? 0 : performance.now() - this.#blockedSince);
  }

  /** Whether its pictures keep to one set-up, which its head tells. */
  get isSteady(): boolean {
    return !this.#window.isContradictory && this.#changes < MOST_CHANGES;
  }

  /** Whether it is what it was when it was looked at. */
  get isAsSeen(): boolean {
    return this.#changesSeen === this.#changes;
  }

  /** What is in it; looked at once, and again when it has changed. Undefined where nothing can be made of it. */
  look(): Promise<LiveSource | undefined> {
    if (this.#changesSeen !== undefined && !this.isAsSeen) this.#looking = undefined;
    this.#looking ??= this.#lookUntilSteady();
    return this.#looking;
  }

  async #lookUntilSteady(): Promise<LiveSource | undefined> {
    this.#changesSeen = undefined;
    for (let looks = 1; ; looks += 1) {
      const before = this.#changes;
      const found = await this.#lookNow();
      if (before !== this.#changes && looks < MOST_LOOKS) continue;
      this.#changesSeen = before;
      return found;
    }
  }

  async #lookNow(): Promise<LiveSource | undefined> {
    const { input, source } = await lookAtSource(this.publisher.container, this.#maxPixels);
    this.attach(input, () => {
      this.detach(input);
      input.end();
    });
    const found = await source;
    this.detach(input);
    return found;
  }

  /** From here on a program gets everything, from the newest key frame on. Returns when that came. */
  attach(reader: Writable, onChange: OnChange): number {
    for (const bytes of this.#window.replay()) reader.write(bytes);
    this.#onChange = onChange;
    if (this.#isOver) reader.end();
    else this.#reader = reader;
    return this.#window.beganAtMs ?? this.#clock.now();
  }

  /** Another program may have taken its place. */
  detach(reader: Writable): void {
    if (this.#reader !== reader) return;
    this.#reader = undefined;
    this.#onChange = () => {};
  }

  /** What was is no good to begin with: whoever attaches next waits for the next key frame. */
  forget(): void {
    this.#window.forget();
  }

  close(reason: FaultCode): void {
    this.publisher.close(reason);
    this.publisher.bytes.destroy();
  }
}

/** Resolves when it takes more, or nothing any more. A program that reads for a day is waited for a million times. */
function roomIn(reader: Writable): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      reader.off('drain', go).off('close', go);
      resolve();
    };
    reader.on('drain', go).on('close', go);
  });
}
