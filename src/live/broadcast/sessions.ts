import type { LiveStream } from '../../database/live-stream-rows.ts';
import { Fault } from '../../kernel/errors.ts';
import { EncoderLives } from '../../kernel/live/encoder-lives.ts';
import type { ClockTrouble } from '../../kernel/live/jump.ts';
import type { Happening } from '../../kernel/live/occupancy.ts';
import { mayCopyTop, sessionRenditions } from '../../kernel/live/session-plan.ts';
import type { SourcePacket } from '../../kernel/live/tap.ts';
import type { Log } from '../../kernel/log.ts';
import type { Airing } from './airing.ts';
import type { BroadcastDeps } from './deps.ts';
import type { PublisherFeed } from './feed.ts';
import type { SessionSink } from './held-sink.ts';
import type { Publishers } from './publishers.ts';
import { RunningSession } from './running-session.ts';
import { Watch } from './watch.ts';

/** A rendition that is copied may need this much more than its cap, which players are told of, for a while. */
const MOST_OVER_CAP = 1.25;
/** A source that jumps more often has no clock that would be worth a session each time. */
const MOST_JUMPS = 3;
/** A jump this early in a session is one that the session before has seen. */
const JUMP_AGAIN_MS = 3_000;

interface Parts {
  readonly airing: Airing;
  readonly publishers: Pick<Publishers, 'find'>;
  readonly tell: (happening: Happening) => void;
}

/**
 * The encoder sessions of a stream, one at a time, and what each of them learns of its source. Whatever is wrong with one
 * is mended by the next, so all that is done about it is to end it.
 */
export class Sessions {
  readonly #deps: BroadcastDeps;
  readonly #stream: LiveStream;
  readonly #log: Log;
  readonly #parts: Parts;
  readonly #watch = new Watch();
  readonly #lives = new EncoderLives();
  #session: RunningSession | undefined;
  /** All sessions before that one are over, and what came out of them is published. */
  #vacated: Promise<void> = Promise.resolve();
  /** Of renditions from the top, left out since the machine is too slow for them. */
  #droppedRungs = 0;
  /** An encoder hung, and was replaced by one like it. */
  #hasHung = false;
  /** What is kept of the sessions so far: key frames were where segments may begin. */
  #isRegular: boolean;
  /** Whether they are believed to be there in the next one, by what was shown or by the broadcaster's word. */
  #isTrusted: boolean;

  constructor(deps: BroadcastDeps, stream: LiveStream, log: Log, parts: Parts) {
    this.#deps = deps;
    this.#stream = stream;
    this.#log = log;
    this.#parts = parts;
    this.#isRegular = stream.isRegular;
    this.#isTrusted = stream.isRegular || stream.options.passthrough === 'always';
  }

  get droppedRungs(): number {
    return this.#droppedRungs;
  }

  get speed(): number | undefined {
    return this.#session && this.#watch.speed;
  }

  get encoderPid(): number | undefined {
    return this.#session?.encoderPid;
  }

  /** Looks at what comes, begins a broadcast where there is none, and starts an encoder. Does not keep others waiting. */
  encode(feed: PublisherFeed): void {
    const session = new RunningSession(feed, this.#deps, this.#log);
    // The next one starts while the last one ends: a backup is to take over within a second.
    if (this.#session) this.#vacated = this.#vacate(this.#session, true);
    this.#session = session;
    void this.#run(session, this.#vacated).catch((cause: unknown) => {
      const fault = Fault.from(cause);
      if (fault.side === 'ours') this.#log.error({ err: cause, code: fault.code }, 'a session could not be started');
      if (this.#session === session) this.#parts.tell({ is: 'useless', who: feed.id, why: fault.code });
    });
  }

  async #vacate(session: RunningSession, isFollowed: boolean): Promise<void> {
    await Promise.all([this.#vacated, session.stop({ isFollowed })]);
    this.#parts.airing.closeSession();
  }

  async #run(session: RunningSession, vacated: Promise<void>): Promise<void> {
    const { airing, tell } = this.#parts;
    const source = await session.feed.look();
    if (this.#session !== session) return;
    if (!source) throw new Fault('LIVE_MEDIA_REFUSED');
    const format = await airing.begin(source);
    tell({ is: 'began' });
    if (this.#session !== session) return;
    const renditions = sessionRenditions(format, source, this.#droppedRungs);
    if (renditions.length === 0) throw new Fault('LIVE_MEDIA_REFUSED');
    const { passthrough } = this.#stream.options;
    const copiesTop =
      passthrough !== 'never' && this.#isTrusted && mayCopyTop(session.feed, format, source, renditions);
    const lacksPassthrough = passthrough === 'always' && source.video !== undefined && !copiesTop;
    this.#watch.begin({ format, renditions, lacksPassthrough }, performance.now());
    await session.start({ format, source, renditions, copiesTop }, this.#sinkOf(session, renditions), vacated);
    void session.ended.then((words) => this.#ended(session, words));
  }

  #sinkOf(session: RunningSession, renditions: readonly string[]): SessionSink {
    const { airing } = this.#parts;
    let isOpen = false;
    return {
      opened: (beganAtMs) => {
        isOpen = true;
        airing.openSession(beganAtMs, renditions);
      },
      init: (rendition, bytes) => airing.packaging?.takeInit(rendition, bytes),
      fragment: (rendition, fragment) => {
        airing.packaging?.takeFragment(rendition, fragment);
        if (this.#session === session) this.#watch.encoded(rendition, fragment);
      },
      packets: (packets) => {
        if (this.#session !== session) return;
        if (isOpen) airing.packaging?.takePackets(packets, this.#deps.clock.now());
        this.#look(session, packets);
      },
      dropped: (frames) => {
        if (this.#session === session) this.#watch.dropped(frames);
      },
    };
  }

  #ended(session: RunningSession, words: string): void {
    const { feed, livedMs, isAborted, isOutdated } = session;
    if (this.#session !== session || !this.#parts.publishers.find(feed.id)) return;
    if (isAborted) this.#log.info({ livedMs }, 'an encoder gives its place to another');
    else if (isOutdated) this.#log.info({ livedMs, publisher: feed.id }, 'a source goes on as another one');
    else {
      this.#log.warn({ words, livedMs }, 'the encoder of a broadcast ended');
      this.#deps.count('live_encoder_restarts');
    }
    const life = { publisher: feed.id, livedMs, isAborted };
    if (this.#lives.over(life) === 'again') this.#parts.tell({ is: 'encoder-lost' });
    else this.#parts.tell({ is: 'useless', who: feed.id, why: 'LIVE_MEDIA_REFUSED' });
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session) this.#vacated = this.#vacate(session, false);
    await this.#vacated;
    this.#parts.airing.closeSession();
  }

  /** Once a second, while somebody is live. */
  check(): void {
    const session = this.#session;
    if (!session) return;
    const health = this.#watch.measure(performance.now(), session.feed.blockedMs);
    this.#parts.airing.tellHealth(health);
    this.#followRhythm(session);
    if (health.problems.includes('overload')) this.#relieve(session);
  }

  /** Learns from every session; one that copies what turns out to be irregular is encoded from here on. */
  #followRhythm(session: RunningSession): void {
    const top = this.#parts.airing.format?.video?.renditions.at(-1);
    const { rhythm, pictureBps } = this.#watch;
    const isTooMuch = pictureBps > (top?.maxrateBps ?? 0) * MOST_OVER_CAP;
    if (rhythm === 'regular' && !isTooMuch) this.#remember(true);
    if (rhythm !== 'irregular' && !isTooMuch) return;
    this.#remember(false);
    if (!session.copiesTop || session.isAborted) return;
    this.#log.warn({ rhythm, pictureBps, publisher: session.feed.id }, 'a source cannot be passed through any longer');
    session.abort();
  }

  /** For the sessions to come, here or at another node. */
  #remember(isRegular: boolean): void {
    this.#isTrusted = isRegular;
    if (isRegular === this.#isRegular) return;
    this.#isRegular = isRegular;
    const hold = { streamId: this.#stream.id, nodeUrl: this.#deps.nodeUrl() };
    this.#deps.streams
      .setRegular(hold, isRegular)
      .catch((cause: unknown) => this.#log.warn({ err: cause }, 'the rhythm of a source could not be kept'));
  }

  #look(session: RunningSession, packets: readonly SourcePacket[]): void {
    const now = performance.now();
    const trouble = this.#watch.packets(packets, now);
    if (!trouble) return;
    this.#log.warn({ trouble, publisher: session.feed.id }, 'the clock of a source is not one');
    this.#prepareNext(session.feed, trouble, this.#watch.livedMs(now));
    session.abort();
  }

  /** So that what was wrong with this session's clock is not wrong with the next one's. */
  #prepareNext(feed: PublisherFeed, trouble: ClockTrouble, livedMs: number): void {
    if (trouble === 'jump') feed.jumps += 1;
    if (trouble === 'still' || feed.jumps >= MOST_JUMPS) feed.usesArrivalTimes = true;
    // A jump that the newest group holds would only come again.
    else if (livedMs < JUMP_AGAIN_MS) feed.forget();
  }

  /**
   * One rung less from the next session on, which begins at once; the lowest stays whatever happens. An encoder that hangs
   * is replaced in any case, the first time by one with as many.
   */
  #relieve(session: RunningSession): void {
    const rungs = this.#parts.airing.format?.video?.renditions.length ?? 0;
    const isLowest = this.#droppedRungs + 1 >= rungs;
    if (this.#watch.isHanging && (isLowest || !this.#hasHung)) {
      this.#hasHung = true;
      this.#log.warn({ pid: session.encoderPid }, 'an encoder hangs');
    } else if (isLowest) return;
    else {
      this.#droppedRungs += 1;
      this.#deps.count('live_rungs_dropped');
      this.#log.warn({ dropped: this.#droppedRungs }, 'the machine is too slow for all rungs');
    }
    session.abort();
  }
}
