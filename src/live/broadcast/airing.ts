import type { Hold } from '../../database/broadcasts.ts';
import type { Broadcast, LiveStream } from '../../database/live-stream-rows.ts';
import { Fault } from '../../kernel/errors.ts';
import type { BroadcastFormat } from '../../kernel/live/broadcast.ts';
import type { IngestHealth } from '../../kernel/live/health.ts';
import type { EndReason } from '../../kernel/live/live-stream.ts';
import { planBroadcast } from '../../kernel/live/plan-broadcast.ts';
import type { LiveSource } from '../../kernel/live/source.ts';
import type { Log } from '../../kernel/log.ts';
import type { ChannelFeed } from '../seams.ts';
import type { BroadcastDeps, Inheritance, Packaging } from './deps.ts';
import { HealthTeller } from './health-teller.ts';
import { Teller } from './teller.ts';

/** Whoever asks for a stream waits so long for the last of it to be recorded. */
const YIELD_MS = 3_000;

/** A broadcast that has a row, and where its media goes. */
interface OnAir {
  readonly broadcast: Broadcast;
  readonly packaging: Packaging;
  lastSession: number;
}

/**
 * The broadcast of a stream, as everybody but its publishers sees it: the packager has its media, the channel and the
 * database are told what becomes of it. There is none until a source has shown what it is.
 */
export class Airing {
  readonly #deps: BroadcastDeps;
  readonly #stream: LiveStream;
  readonly #log: Log;
  readonly #health: HealthTeller;
  readonly #teller: Teller;
  readonly #stopped = new AbortController();
  readonly #givenBack = Promise.withResolvers<void>();
  /** Opened with the broadcast, and let go by its end. */
  #channel: ChannelFeed | undefined;
  #beginning: Promise<OnAir> | undefined;
  #onAir: OnAir | undefined;
  #heldUntilMs = 0;

  constructor(deps: BroadcastDeps, stream: LiveStream, log: Log) {
    this.#deps = deps;
    this.#stream = stream;
    this.#log = log;
    this.#health = new HealthTeller(deps, log);
    this.#teller = new Teller(log, this.#stopped.signal);
  }

  /** Resolves when the stream can be claimed by the next one: of a broadcast not all may be recorded yet. */
  get givenBack(): Promise<void> {
    return this.#givenBack.promise;
  }

  /** The lease says until when nobody else can have the stream. */
  hold(untilMs: number): void {
    if (!this.#stopped.signal.aborted) this.#heldUntilMs = Math.max(this.#heldUntilMs, untilMs);
  }

  /** Beyond the lease another node may have it, and record to the same places. */
  get isHeld(): boolean {
    return this.#heldUntilMs > this.#deps.clock.now();
  }

  get packaging(): Packaging | undefined {
    return this.#onAir?.packaging;
  }

  get format(): BroadcastFormat | undefined {
    return this.#onAir?.broadcast.format;
  }

  get #hold(): Hold {
    return { streamId: this.#stream.id, nodeUrl: this.#deps.nodeUrl() };
  }

  /** Goes on with what a server before this one has left, or another node. */
  async resume(broadcast: Broadcast, inheritance: Inheritance): Promise<void> {
    const channel = await this.#openChannel();
    const isHeld = () => this.isHeld;
    const packaging = await this.#deps.packagers.recover(placeOf(broadcast), channel, isHeld, inheritance);
    this.#onAir = { broadcast, packaging, lastSession: packaging.lastSession };
    channel.started(broadcast.number, broadcast.format);
  }

  /** The format of the broadcast under way; of a new one, planned for this source, where there is none. */
  async begin(source: LiveSource): Promise<BroadcastFormat> {
    this.#beginning ??= this.#onAir ? Promise.resolve(this.#onAir) : this.#begin(source);
    try {
      this.#onAir = await this.#beginning;
    } catch (cause) {
      this.#beginning = undefined;
      throw cause;
    }
    return this.#onAir.broadcast.format;
  }

  async #begin(source: LiveSource): Promise<OnAir> {
    const { dvrSeconds, ladder: ladderName } = this.#stream.options;
    const ladder = await this.#deps.readLadder(ladderName);
    const rules = {
      segmentSeconds: this.#deps.settings.liveSegmentSeconds,
      ...(dvrSeconds === undefined ? {} : { dvrSeconds }),
    };
    const format = planBroadcast(source, ladder, rules);
    const broadcast = await this.#deps.begin(this.#hold, this.#stream, format);
    if (!broadcast) throw new Fault('LIVE_STREAM_BUSY');
    const channel = await this.#openChannel();
    channel.started(broadcast.number, format);
    const packaging = this.#deps.packagers.open(placeOf(broadcast), channel, () => this.isHeld);
    this.#log.info({ broadcast: broadcast.number, recording: broadcast.recordingId }, 'a broadcast began');
    return { broadcast, packaging, lastSession: 0 };
  }

  async #openChannel(): Promise<ChannelFeed> {
    this.#channel ??= await this.#deps.channels.open(this.#stream.id);
    return this.#channel;
  }

  openSession(beganAtMs: number, renditions: readonly string[]): void {
    if (!this.#onAir) return;
    this.#onAir.lastSession += 1;
    this.#channel?.opening(renditions);
    this.#onAir.packaging.openSession({ number: this.#onAir.lastSession, beganAtMs }, renditions);
    this.#teller.tell(() => this.#deps.broadcasts.reconnected(this.#hold));
  }

  closeSession(): void {
    this.#onAir?.packaging.closeSession();
  }

  /** Nobody publishes; somebody may come back. */
  lost(): void {
    this.#teller.tell(() => this.#deps.broadcasts.lost(this.#hold));
    this.#channel?.reconnecting();
  }

  tellHealth(health: IngestHealth): void {
    this.#channel?.health(health);
    this.#health.tell(this.#hold, health);
  }

  /** Resolves when it is told, and recorded. */
  async end(reason: EndReason): Promise<void> {
    const onAir = this.#onAir ?? (await this.#beginning?.catch(() => undefined));
    if (!onAir) return;
    const { broadcast, packaging } = onAir;
    const recorded = packaging.end();
    const isPublic = broadcast.isRecorded && this.#stream.policy === 'public';
    this.#channel?.ended(isPublic ? broadcast.recordingId : undefined);
    await this.#teller.told;
    await this.#teller.insist(() => this.#tellEnd(onAir, reason));
    this.#givenBack.resolve();
    this.#log.info({ broadcast: broadcast.number, reason }, 'a broadcast ended');
    await recorded;
    // What is not recorded then is recorded, and finished, by the next process.
    if (!this.#stopped.signal.aborted) await this.#finishRecording(broadcast);
  }

  /** What has ended here is taken over by nobody, and recorded to its end however long that takes. */
  async #tellEnd({ broadcast, packaging }: OnAir, reason: EndReason): Promise<void> {
    const isOurs = await this.#deps.broadcasts.end(this.#hold, broadcast.number, reason);
    if (isOurs || this.isHeld) this.hold(Number.POSITIVE_INFINITY);
    else await packaging.forsake();
  }

  async #finishRecording(broadcast: Broadcast): Promise<void> {
    await this.#deps.finished(broadcast).catch((cause: unknown) => {
      this.#log.error({ err: cause, recording: broadcast.recordingId }, 'a recording could not be finished yet');
    });
  }

  /** Nobody got as far as a broadcast, or only just. */
  async giveBack(): Promise<void> {
    if (this.#beginning && (await this.#beginning.catch(() => undefined))) return this.end('lost');
    await this.#teller.insist(() => this.#deps.streams.release(this.#hold));
  }

  /** Nothing is left of it. */
  finish(): void {
    this.#givenBack.resolve();
  }

  /** What waits for a database or a store waits no more. */
  stopWaiting(): void {
    this.#stopped.abort();
  }

  /** Leaves it as it is, for another process. */
  async abandon(): Promise<void> {
    await this.#onAir?.packaging.abandon();
  }

  /** A publisher that was sent away need not wait for the lease to end before another node lets it in. */
  async letGo(): Promise<void> {
    await this.#deps.streams.letGo(this.#hold).catch((cause: unknown) => {
      this.#log.warn({ err: cause }, 'a stream could not be let go');
    });
  }

  /** Whether all that was published is recorded, or is so within a moment. */
  async isRecorded(): Promise<boolean> {
    return (await this.#onAir?.packaging.isRecorded(YIELD_MS)) ?? false;
  }

  /** Nothing is published or recorded of it any more: it is another node's. */
  async forsake(): Promise<void> {
    this.#heldUntilMs = 0;
    this.stopWaiting();
    await this.#onAir?.packaging.forsake();
  }

  /** Viewers are led to the node that has it. */
  moved(): void {
    this.#deps.left(this.#stream.id);
  }

  /** Gives back what has no broadcast yet. */
  async release(): Promise<void> {
    await this.#deps.streams.release(this.#hold);
  }
}

function placeOf({ streamId, number, recordingId, format, isRecorded }: Broadcast) {
  return { streamId, broadcast: number, recordingId, format, isRecorded };
}
