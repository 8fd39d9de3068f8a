import { setTimeout as pause } from 'node:timers/promises';
import type { BroadcastFormat } from '../../kernel/live/broadcast.ts';
import type { LiveSource } from '../../kernel/live/source.ts';
import type { Log } from '../../kernel/log.ts';
import { type EncoderSink, SessionEncoder } from '../encoder/session-encoder.ts';
import type { BroadcastDeps } from './deps.ts';
import type { PublisherFeed } from './feed.ts';

/** How long an encoder whose source is gone may take for what is under way. */
const FLUSH_MS = 1_500;

export interface SessionSink extends EncoderSink {
  /** Before anything else comes out; `beganAtMs` is when the first of the source came. */
  opened(beganAtMs: number): void;
}

/** From a publisher through an encoder: one session, until either is over. */
export class RunningSession {
  readonly feed: PublisherFeed;
  readonly #deps: Pick<BroadcastDeps, 'clock' | 'settings'>;
  readonly #log: Log;
  #encoder: SessionEncoder | undefined;
  #startedAtMs = 0;
  #isStopped = false;
  #isAborted = false;
  copiesTop = false;
  #hasOpened = false;

  constructor(feed: PublisherFeed, deps: Pick<BroadcastDeps, 'clock' | 'settings'>, log: Log) {
    this.feed = feed;
    this.#deps = deps;
    this.#log = log;
  }

  get encoderPid(): number | undefined {
    return this.#encoder?.pid;
  }

  get livedMs(): number {
    return this.#deps.clock.now() - this.#startedAtMs;
  }

  /** The encoder's last words, when it is over. */
  get ended(): Promise<string> {
    return this.#encoder?.ended ?? Promise.resolve('');
  }

  async start(
    format: BroadcastFormat,
    source: LiveSource,
    renditions: readonly string[],
    copiesTop: boolean,
    sink: SessionSink,
  ): Promise<void> {
    const { feed } = this;
    let beganAtMs = 0;
    const open = () => {
      if (!this.#hasOpened) sink.opened(beganAtMs);
      this.#hasOpened = true;
    };
    const order = {
      container: feed.publisher.container,
      source,
      format,
      renditions,
      copiesTop,
      usesArrivalTimes: feed.usesArrivalTimes,
      maxPixels: this.#deps.settings.sourceMaxPixels,
    };
    const encoder = await SessionEncoder.start(order, {
      ...sink,
      init: (rendition, bytes) => {
        open();
        sink.init(rendition, bytes);
      },
      fragment: sink.fragment,
      packets: sink.packets,
      dropped: sink.dropped,
    });
    if (this.#isStopped) return encoder.kill();
    this.#encoder = encoder;
    this.copiesTop = copiesTop;
    this.#startedAtMs = this.#deps.clock.now();
    beganAtMs = feed.attach(encoder.input);
    this.#log.info({ publisher: feed.id, renditions, copiesTop, pid: encoder.pid }, 'a session began');
  }

  /** Ends the encoder; what is under way comes out before this resolves. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    const encoder = this.#encoder;
    if (!encoder) return;
    this.feed.detach();
    encoder.finish();
    await Promise.race([encoder.ended, pause(FLUSH_MS)]);
    encoder.kill();
  }

  /** Whether it was ended on purpose, for another session to take its place. */
  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** Ends it as a crash would: the broadcast sees that its encoder is over. */
  abort(): void {
    this.#isAborted = true;
    this.feed.detach();
    this.#encoder?.kill();
  }
}
