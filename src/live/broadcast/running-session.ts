import { setTimeout as pause } from 'node:timers/promises';
import type { BroadcastFormat } from '../../kernel/live/broadcast.ts';
import type { LiveSource } from '../../kernel/live/source.ts';
import type { SetUpChange } from '../../kernel/live/window/source-window.ts';
import type { Log } from '../../kernel/log.ts';
import { type EncoderSink, SessionEncoder } from '../encoder/session-encoder.ts';
import type { BroadcastDeps } from './deps.ts';
import type { PublisherFeed } from './feed.ts';
import { HeldSink, type SessionSink } from './held-sink.ts';

/** How long an encoder whose source is gone may take for what is under way; less while another one waits for it. */
const FLUSH_MS = 1_500;
const FLUSH_FOR_NEXT_MS = 500;

export interface SessionPlan {
  readonly format: BroadcastFormat;
  readonly source: LiveSource;
  /** Those of the format that it has. */
  readonly renditions: readonly string[];
  /** Whether the highest of them is the source's own packets. */
  readonly copiesTop: boolean;
}

/** From a publisher through an encoder: one session, until either is over. */
export class RunningSession {
  readonly feed: PublisherFeed;
  readonly #deps: Pick<BroadcastDeps, 'settings'>;
  readonly #log: Log;
  #encoder: SessionEncoder | undefined;
  #startedAt = 0;
  #isStopped = false;
  #isAborted = false;
  #isOutdated = false;
  copiesTop = false;

  constructor(feed: PublisherFeed, deps: Pick<BroadcastDeps, 'settings'>, log: Log) {
    this.feed = feed;
    this.#deps = deps;
    this.#log = log;
  }

  get encoderPid(): number | undefined {
    return this.#encoder?.pid;
  }

  get livedMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** The encoder's last words, when it is over. */
  get ended(): Promise<string> {
    return this.#encoder?.ended ?? Promise.resolve('');
  }

  /** Encodes at once. Nothing reaches the sink before the session before this one is over. */
  async start(plan: SessionPlan, sink: SessionSink, vacated: Promise<void>): Promise<void> {
    const held = new HeldSink(sink);
    void vacated.then(() => held.release());
    const encoder = await this.#startEncoder(plan, held.inlet);
    if (this.#isStopped) return encoder.kill();
    this.#encoder = encoder;
    this.copiesTop = plan.copiesTop;
    this.#startedAt = performance.now();
    held.beganAtMs = this.feed.attach(encoder.input, (change) => this.#follow(change, encoder));
    // It changed while its encoder was started.
    if (!this.feed.isAsSeen) this.#outdate(encoder);
    const { renditions, copiesTop } = plan;
    this.#log.info({ publisher: this.feed.id, renditions, copiesTop, pid: encoder.pid }, 'a session began');
  }

  #startEncoder(plan: SessionPlan, sink: EncoderSink): Promise<SessionEncoder> {
    const { container, usesArrivalTimes } = this.feed;
    const maxPixels = this.#deps.settings.sourceMaxPixels;
    return SessionEncoder.start({ ...plan, container, usesArrivalTimes, maxPixels }, sink);
  }

  /** Pictures are fitted into what is encoded of them, but what is copied goes by the first set-up; so does sound, whatever it is. */
  #follow({ of }: SetUpChange, encoder: SessionEncoder): void {
    if (this.copiesTop || of.has('sound')) this.#outdate(encoder);
  }

  /** The source goes on as another one. What it was until here still comes out, and the next session begins with what it is. */
  #outdate(encoder: SessionEncoder): void {
    this.#isOutdated = true;
    this.feed.detach(encoder.input);
    encoder.finish();
    const overdue = setTimeout(() => encoder.kill(), FLUSH_MS);
    void encoder.ended.then(() => clearTimeout(overdue));
  }

  /** Whether it ended since its source goes on as another one. */
  get isOutdated(): boolean {
    return this.#isOutdated;
  }

  /** Ends the encoder; what is under way comes out before this resolves. */
  async stop({ isFollowed = false } = {}): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    const encoder = this.#encoder;
    if (!encoder) return;
    this.feed.detach(encoder.input);
    encoder.finish();
    await Promise.race([encoder.ended, pause(isFollowed ? FLUSH_FOR_NEXT_MS : FLUSH_MS)]);
    encoder.kill();
  }

  /** Whether it was ended on purpose, for another session to take its place. */
  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** Ends it as a crash would: the broadcast sees that its encoder is over. */
  abort(): void {
    this.#isAborted = true;
    if (this.#encoder) this.feed.detach(this.#encoder.input);
    this.#encoder?.kill();
  }
}
