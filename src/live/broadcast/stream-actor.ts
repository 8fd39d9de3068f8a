import { setTimeout as pause } from 'node:timers/promises';
import type { Broadcast, LiveStream } from '../../database/live-stream-rows.ts';
import { Fault, type FaultCode } from '../../kernel/errors.ts';
import type { EndReason } from '../../kernel/live/live-stream.ts';
import { type Deed, decide, EMPTY, type Happening, type Occupancy, ORPHANED } from '../../kernel/live/occupancy.ts';
import { planBroadcast } from '../../kernel/live/plan-broadcast.ts';
import { mayCopyTop, sessionRenditions } from '../../kernel/live/session-plan.ts';
import type { LiveSource } from '../../kernel/live/source.ts';
import type { SourcePacket } from '../../kernel/live/tap.ts';
import type { Log } from '../../kernel/log.ts';
import type { ChannelFeed, Publisher } from '../seams.ts';
import type { BroadcastDeps, Packaging } from './deps.ts';
import { PublisherFeed } from './feed.ts';
import { HealthTeller } from './health-teller.ts';
import { RunningSession } from './running-session.ts';
import { Teller } from './teller.ts';
import { Watch } from './watch.ts';

/** A stall that a backup is there for. Shorter ones are a network's. */
const STALL_MS = 800;
/** Encoders that died one after the other, each within this of its start, before the publisher is given up. */
const SHORT_LIFE_MS = 5_000;
const MOST_SHORT_LIVES = 4;
const TICK_MS = 250;
const TICKS_A_SECOND = 4;
/** A rendition that is copied may need this much more than its cap, which players are told of, for a while. */
const MOST_OVER_CAP = 1.25;
/** A source that jumps more often has no clock that would be worth a session each time. */
const MOST_JUMPS = 3;
/** Whoever ends a broadcast is kept for its recording for so long at most. */
const RECORDED_MS = 5_000;
/** A jump this early in a session is one that the session before has seen. */
const JUMP_AGAIN_MS = 3_000;

interface Airing {
  readonly broadcast: Broadcast;
  readonly packaging: Packaging;
  lastSession: number;
}

/**
 * One stream with somebody at it. What happens is decided one thing after the other by `decide`; this does what comes of
 * that. `isOver` from when nobody and nothing is left of it.
 */
export class StreamActor {
  readonly stream: LiveStream;
  readonly #deps: BroadcastDeps;
  readonly #log: Log;
  /** Opened with the broadcast, and let go by its end. */
  #channel: ChannelFeed | undefined;
  readonly #over: () => void;
  readonly #feeds = new Map<number, PublisherFeed>();
  readonly #happenings: Happening[] = [];
  readonly #watch = new Watch();
  readonly #health: HealthTeller;
  #ticks = 0;
  #beginning: Promise<Airing> | undefined;
  #occupancy: Occupancy = EMPTY;
  #airing: Airing | undefined;
  #session: RunningSession | undefined;
  /** Of renditions from the top, left out since the machine is too slow for them. */
  #droppedRungs = 0;
  #shortLives = 0;
  #places = 0;
  #isWorking = false;
  #worked: Promise<void> = Promise.resolve();
  readonly #givenBack = Promise.withResolvers<void>();
  readonly #stopped = new AbortController();
  readonly #teller: Teller;
  #window: NodeJS.Timeout | undefined;
  readonly #ticker: NodeJS.Timeout;

  constructor(deps: BroadcastDeps, stream: LiveStream, over: () => void) {
    this.#deps = deps;
    this.stream = stream;
    this.#over = over;
    this.#log = deps.log.child({ stream: stream.id });
    this.#health = new HealthTeller(deps, this.#log);
    this.#teller = new Teller(this.#log, this.#stopped.signal);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  get isOver(): boolean {
    return this.#occupancy.phase === 'over';
  }

  /** Resolves when the stream can be claimed by the next one: of a broadcast not all may be recorded yet. */
  get givenBack(): Promise<void> {
    return this.#givenBack.promise;
  }

  get packaging(): Packaging | undefined {
    return this.#airing?.packaging;
  }

  get droppedRungs(): number {
    return this.#droppedRungs;
  }

  get speed(): number | undefined {
    return this.#session && this.#watch.speed;
  }

  /** For whoever looks for the process that encodes it. */
  get encoderPid(): number | undefined {
    return this.#session?.encoderPid;
  }

  /** Goes on with what a server before this one has left. */
  async resume(broadcast: Broadcast): Promise<void> {
    const channel = await this.#openChannel();
    const packaging = await this.#deps.packagers.recover(this.#placeOf(broadcast), channel);
    this.#airing = { broadcast, packaging, lastSession: packaging.lastSession };
    this.#occupancy = ORPHANED;
    channel.started(broadcast.number, broadcast.format);
    this.#wait();
  }

  /** Room for one more, as the first or as the backup. */
  reserve(): boolean {
    if (this.isOver || this.#places + this.#feeds.size >= 2) return false;
    this.#places += 1;
    return true;
  }

  giveUpPlace(): void {
    this.#places -= 1;
    if (this.#feeds.size === 0 && this.#places === 0 && this.#occupancy.phase === 'empty')
      this.#happen({ is: 'ended', reason: 'lost' });
  }

  join(publisher: Publisher): void {
    this.#places -= 1;
    const feed = new PublisherFeed(
      this.#deps.nextId(),
      publisher,
      this.#deps.clock,
      this.#deps.settings.sourceMaxPixels,
    );
    this.#feeds.set(feed.id, feed);
    this.#log.info({ door: publisher.door, address: publisher.address, publisher: feed.id }, 'a publisher came');
    // Whoever encodes it hears of what went wrong.
    feed.look().catch(() => {});
    void feed.run();
    void publisher.gone.then((how) => this.#left(feed, how));
    this.#happen({ is: 'joined', who: feed.id });
  }

  /** Ends the broadcast, whoever publishes. Resolves when it is over, and recorded unless the store takes too long. */
  async end(reason: EndReason): Promise<void> {
    this.#happen({ is: 'ended', reason });
    await this.#givenBack.promise;
    await Promise.race([this.#worked, pause(RECORDED_MS, undefined, { ref: false })]);
  }

  /** Sends everybody away who publishes; the broadcast waits for others. */
  expel(): void {
    for (const feed of [...this.#feeds.values()]) {
      this.#sendAway(feed.id, 'STREAM_KEY_REFUSED');
      this.#happen({ is: 'left', who: feed.id, how: 'lost' });
    }
  }

  /** The process stops and the broadcast does not: another takes it up. */
  async abandon(): Promise<void> {
    this.#stopped.abort();
    clearInterval(this.#ticker);
    const { phase } = this.#occupancy;
    this.#occupancy = { phase: 'over', departure: 'lost' };
    for (const feed of this.#feeds.values()) feed.close('UNAVAILABLE');
    // One that has ended may be waiting for a store that is away.
    if (phase === 'over') await this.#airing?.packaging.abandon();
    await this.#worked;
    // What was still being done may have begun to wait for a publisher, which would keep the process for that long.
    clearTimeout(this.#window);
    await this.#closeSession();
    if (phase === 'empty') await this.#deps.streams.release(this.#hold);
    else if (phase !== 'over') await this.#airing?.packaging.abandon();
    this.#givenBack.resolve();
  }

  get #hold() {
    return { streamId: this.stream.id, nodeUrl: this.#deps.nodeUrl() };
  }

  #left(feed: PublisherFeed, how: 'finished' | 'lost'): void {
    if (!this.#feeds.delete(feed.id)) return;
    this.#log.info({ publisher: feed.id, how }, 'a publisher left');
    this.#happen({ is: 'left', who: feed.id, how });
  }

  /** One thing after the other: what follows from this one is done before the next one is looked at. */
  #happen(happening: Happening): void {
    this.#happenings.push(happening);
    if (this.#isWorking) return;
    this.#isWorking = true;
    this.#worked = this.#work();
  }

  async #work(): Promise<void> {
    for (let next = this.#happenings.shift(); next; next = this.#happenings.shift()) {
      const { now, deeds } = decide(this.#occupancy, next);
      this.#occupancy = now;
      for (const deed of deeds) {
        await this.#perform(deed).catch((cause: unknown) => {
          this.#log.error({ err: cause, deed: deed.do }, 'a broadcast could not do what it had to');
        });
      }
    }
    this.#isWorking = false;
  }

  async #perform(deed: Deed): Promise<void> {
    switch (deed.do) {
      case 'encode':
        return this.#encode(deed.who);
      case 'close-session':
        return this.#closeSession();
      case 'send-away':
        return this.#sendAway(deed.who, deed.why);
      case 'wait':
        return this.#wait();
      case 'stop-waiting':
        return clearTimeout(this.#window);
      case 'give-back':
        if (this.#beginning && (await this.#beginning.catch(() => undefined))) return this.#end('lost');
        await this.#teller.insist(() => this.#deps.streams.release(this.#hold));
        return this.#finish();
      case 'end':
        return this.#end(deed.reason);
    }
  }

  #wait(): void {
    const { reconnectSeconds } = this.stream.options;
    this.#teller.tell(() => this.#deps.broadcasts.lost(this.#hold));
    this.#channel?.reconnecting();
    clearTimeout(this.#window);
    this.#window = setTimeout(() => this.#happen({ is: 'waited' }), reconnectSeconds * 1_000);
  }

  #sendAway(who: number, why: FaultCode): void {
    const feed = this.#feeds.get(who);
    this.#feeds.delete(who);
    this.#log.info({ publisher: who, code: why }, 'a publisher was sent away');
    feed?.close(why);
  }

  /** Looks at what comes, begins a broadcast where there is none, and starts an encoder. Does not keep others waiting. */
  #encode(who: number): void {
    const feed = this.#feeds.get(who);
    if (!feed) return;
    const session = new RunningSession(feed, this.#deps, this.#log);
    const before = this.#session;
    this.#session = session;
    void this.#run(session, before).catch((cause: unknown) => {
      const fault = Fault.from(cause);
      if (fault.side === 'ours') this.#log.error({ err: cause, code: fault.code }, 'a session could not be started');
      if (this.#session === session) this.#happen({ is: 'useless', who, why: fault.code });
    });
  }

  async #run(session: RunningSession, before: RunningSession | undefined): Promise<void> {
    await before?.stop();
    const source = await session.feed.look();
    if (this.#session !== session) return;
    if (!source) throw new Fault('LIVE_MEDIA_REFUSED');
    const airing = await this.#aired(source);
    this.#happen({ is: 'began' });
    if (this.#session !== session) return;
    const { format } = airing.broadcast;
    const renditions = sessionRenditions(format, source, this.#droppedRungs);
    if (renditions.length === 0) throw new Fault('LIVE_MEDIA_REFUSED');
    this.#watch.begin(format, renditions, this.#deps.clock.now());
    const copiesTop =
      this.stream.options.passthrough === 'auto' &&
      this.#deps.regular.has(this.stream.id) &&
      mayCopyTop(session.feed, format, source, renditions);
    await session.start(format, source, renditions, copiesTop, {
      opened: (beganAtMs) => {
        airing.lastSession += 1;
        airing.packaging.openSession({ number: airing.lastSession, beganAtMs }, renditions);
        this.#teller.tell(() => this.#deps.broadcasts.reconnected(this.#hold));
      },
      init: (rendition, bytes) => airing.packaging.takeInit(rendition, bytes),
      fragment: (rendition, fragment) => {
        airing.packaging.takeFragment(rendition, fragment);
        this.#watch.encoded(rendition, fragment);
      },
      packets: (packets) => this.#look(session, packets),
      dropped: (frames) => this.#watch.dropped(frames),
    });
    void session.ended.then((words) => this.#encoderEnded(session, words));
  }

  /** The broadcast under way; a new one where there is none. */
  async #aired(source: LiveSource): Promise<Airing> {
    if (this.#airing) return this.#airing;
    this.#beginning ??= this.#begin(source);
    try {
      this.#airing = await this.#beginning;
      return this.#airing;
    } catch (cause) {
      this.#beginning = undefined;
      throw cause;
    }
  }

  async #begin(source: LiveSource): Promise<Airing> {
    const { options } = this.stream;
    const ladder = await this.#deps.readLadder(options.ladder);
    const { dvrSeconds } = options;
    const rules = {
      segmentSeconds: this.#deps.settings.liveSegmentSeconds,
      ...(dvrSeconds === undefined ? {} : { dvrSeconds }),
    };
    const format = planBroadcast(source, ladder, rules);
    const broadcast = await this.#deps.begin(this.#hold, this.stream, format);
    if (!broadcast) throw new Fault('LIVE_STREAM_BUSY');
    const channel = await this.#openChannel();
    channel.started(broadcast.number, format);
    const packaging = this.#deps.packagers.open(this.#placeOf(broadcast), channel);
    this.#log.info({ broadcast: broadcast.number, recording: broadcast.recordingId }, 'a broadcast began');
    return { broadcast, packaging, lastSession: 0 };
  }

  async #openChannel(): Promise<ChannelFeed> {
    this.#channel ??= await this.#deps.channels.open(this.stream.id);
    return this.#channel;
  }

  #placeOf({ streamId, number, recordingId, format }: Broadcast) {
    return { streamId, broadcast: number, recordingId, format };
  }

  /** Learns from every session; one that copies what turns out to be irregular is encoded from here on. */
  #followRhythm(session: RunningSession, bitrateBps: number): void {
    const top = this.#airing?.broadcast.format.video?.renditions.at(-1);
    const { rhythm } = this.#watch;
    const isTooMuch = bitrateBps > (top?.maxrateBps ?? 0) * MOST_OVER_CAP;
    if (rhythm === 'regular' && !isTooMuch) this.#deps.regular.add(this.stream.id);
    if (rhythm !== 'irregular' && !isTooMuch) return;
    this.#deps.regular.delete(this.stream.id);
    if (session.copiesTop) session.abort();
  }

  #encoderEnded(session: RunningSession, words: string): void {
    if (this.#session !== session || !this.#feeds.has(session.feed.id)) return;
    if (session.isAborted) this.#log.info({ livedMs: session.livedMs }, 'an encoder gives its place to another');
    else {
      this.#log.warn({ words, livedMs: session.livedMs }, 'the encoder of a broadcast ended');
      this.#deps.count('live_encoder_restarts');
    }
    this.#shortLives = session.livedMs < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
    if (this.#shortLives < MOST_SHORT_LIVES) {
      this.#happen({ is: 'encoder-lost' });
      return;
    }
    this.#shortLives = 0;
    this.#happen({ is: 'useless', who: session.feed.id, why: 'LIVE_MEDIA_REFUSED' });
  }

  async #closeSession(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.stop();
    this.#airing?.packaging.closeSession();
  }

  async #end(reason: EndReason): Promise<void> {
    const airing = this.#airing ?? (await this.#beginning?.catch(() => undefined));
    if (airing) {
      const recorded = airing.packaging.end();
      this.#channel?.ended();
      await this.#teller.told;
      await this.#teller.insist(() => this.#deps.broadcasts.end(this.#hold, airing.broadcast.number, reason));
      this.#givenBack.resolve();
      this.#log.info({ broadcast: airing.broadcast.number, reason }, 'a broadcast ended');
      await recorded;
      // What is not recorded then is recorded, and finished, by the next process.
      if (!this.#stopped.signal.aborted) await this.#finishRecording(airing.broadcast);
    }
    this.#finish();
  }

  async #finishRecording(broadcast: Broadcast): Promise<void> {
    await this.#deps.finished(broadcast).catch((cause: unknown) => {
      this.#log.error({ err: cause, recording: broadcast.recordingId }, 'a recording could not be finished yet');
    });
  }

  /** Of one that never was on the air: nobody hears of it any more. */
  discard(): void {
    this.#finish();
  }

  #finish(): void {
    this.#occupancy = { phase: 'over', departure: this.#occupancy.departure };
    clearInterval(this.#ticker);
    clearTimeout(this.#window);
    this.#givenBack.resolve();
    this.#over();
  }

  #look(session: RunningSession, packets: readonly SourcePacket[]): void {
    const now = this.#deps.clock.now();
    const trouble = this.#watch.packets(packets, now);
    if (!trouble || this.#session !== session) return;
    this.#log.warn({ trouble, publisher: session.feed.id }, 'the clock of a source is not one');
    if (trouble === 'jump') session.feed.jumps += 1;
    if (trouble === 'still' || session.feed.jumps >= MOST_JUMPS) session.feed.usesArrivalTimes = true;
    // A jump that the newest group holds would only come again.
    else if (this.#watch.livedMs(now) < JUMP_AGAIN_MS) session.feed.forget();
    session.abort();
  }

  #tick(): void {
    const now = this.#deps.clock.now();
    this.#ticks += 1;
    for (const feed of [...this.#feeds.values()]) this.#checkSilence(feed, feed.silentMs(now));
    const session = this.#session;
    if (!session || this.#ticks % TICKS_A_SECOND !== 0 || this.#occupancy.phase !== 'live') return;
    const health = this.#watch.measure(now, session.feed.blockedMs(now));
    this.#channel?.health(health);
    this.#followRhythm(session, health.bitrateBps);
    this.#health.tell(this.#hold, health);
    if (health.problems.includes('overload')) this.#relieve(session);
  }

  #checkSilence(feed: PublisherFeed, silentMs: number): void {
    if (silentMs > this.#deps.settings.liveSilenceSeconds * 1_000) {
      this.#sendAway(feed.id, 'LIVE_STREAM_SILENT');
      this.#happen({ is: 'left', who: feed.id, how: 'lost' });
    } else if (silentMs > STALL_MS && feed.id === this.#occupancy.first && this.#hasFreshBackup()) {
      this.#happen({ is: 'silent', who: feed.id });
    }
  }

  #hasFreshBackup(): boolean {
    const backup = this.#feeds.get(this.#occupancy.backup ?? 0);
    return backup !== undefined && backup.silentMs(this.#deps.clock.now()) < STALL_MS / 2;
  }

  /** One rung less from the next session on, which begins at once; the lowest stays whatever happens. */
  #relieve(session: RunningSession): void {
    const rungs = this.#airing?.broadcast.format.video?.renditions.length ?? 0;
    if (this.#droppedRungs + 1 >= rungs) return;
    this.#droppedRungs += 1;
    this.#deps.count('live_rungs_dropped');
    this.#log.warn({ dropped: this.#droppedRungs }, 'the machine is too slow for all rungs');
    session.abort();
  }
}
