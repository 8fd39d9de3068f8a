import { setTimeout as pause } from 'node:timers/promises';
import type { Broadcast, LiveStream } from '../../database/live-stream-rows.ts';
import type { Renewal } from '../../database/live-streams.ts';
import type { EndReason } from '../../kernel/live/live-stream.ts';
import { type Deed, decide, EMPTY, type Happening, type Occupancy, ORPHANED } from '../../kernel/live/occupancy.ts';
import type { Log } from '../../kernel/log.ts';
import type { Publisher } from '../seams.ts';
import { Airing } from './airing.ts';
import type { BroadcastDeps, Inheritance, Packaging } from './deps.ts';
import { Publishers } from './publishers.ts';
import { Sessions } from './sessions.ts';

const TICK_MS = 250;
const TICKS_A_SECOND = 4;
/** Whoever ends a broadcast is kept for its recording for so long at most. */
const RECORDED_MS = 5_000;

/**
 * One stream with somebody at it. What happens is decided one thing after the other by `decide`; this does what comes of
 * that, by its three parts: publishers, encoder sessions, and the broadcast that viewers see. `isOver` from when nobody and
 * nothing is left of it.
 */
export class StreamActor {
  readonly stream: LiveStream;
  readonly #log: Log;
  readonly #over: () => void;
  readonly #publishers: Publishers;
  readonly #airing: Airing;
  readonly #sessions: Sessions;
  readonly #happenings: Happening[] = [];
  #occupancy: Occupancy = EMPTY;
  #isWorking = false;
  #worked: Promise<void> = Promise.resolve();
  /** For a lost publisher to come back in. */
  #window: NodeJS.Timeout | undefined;
  readonly #ticker: NodeJS.Timeout;
  #ticks = 0;

  constructor(deps: BroadcastDeps, stream: LiveStream, over: () => void) {
    this.stream = stream;
    this.#over = over;
    this.#log = deps.log.child({ stream: stream.id });
    const tell = (happening: Happening) => this.#happen(happening);
    this.#publishers = new Publishers(deps, this.#log, tell);
    this.#airing = new Airing(deps, stream, this.#log);
    const parts = { airing: this.#airing, publishers: this.#publishers, tell };
    this.#sessions = new Sessions(deps, stream, this.#log, parts);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  get isOver(): boolean {
    return this.#occupancy.phase === 'over';
  }

  /** Resolves when the stream can be claimed by the next one: of a broadcast not all may be recorded yet. */
  get givenBack(): Promise<void> {
    return this.#airing.givenBack;
  }

  /** The lease says until when nobody else can have the stream. */
  hold(untilMs: number): void {
    this.#airing.hold(untilMs);
  }

  get isHeld(): boolean {
    return this.#airing.isHeld;
  }

  get packaging(): Packaging | undefined {
    return this.#airing.packaging;
  }

  /** Whether it has a broadcast under way, be it one that waits for its publisher. */
  get isOnAir(): boolean {
    return this.packaging !== undefined && !this.isOver;
  }

  get droppedRungs(): number {
    return this.#sessions.droppedRungs;
  }

  get speed(): number | undefined {
    return this.#sessions.speed;
  }

  /** For whoever looks for the process that encodes it. */
  get encoderPid(): number | undefined {
    return this.#sessions.encoderPid;
  }

  /** Goes on with what a server before this one has left, or another node. */
  async resume(broadcast: Broadcast, inheritance: Inheritance): Promise<void> {
    await this.#airing.resume(broadcast, inheritance);
    this.#occupancy = ORPHANED;
    this.#wait();
  }

  /** Room for one more, as the first or as the backup. */
  reserve(): boolean {
    return !this.isOver && this.#publishers.reserve();
  }

  giveUpPlace(): void {
    this.#publishers.giveUpPlace();
    if (this.#publishers.isEmpty && this.#occupancy.phase === 'empty') this.#happen({ is: 'ended', reason: 'lost' });
  }

  /** @param keyHash of the key that it came in by */
  join(publisher: Publisher, keyHash: string): void {
    this.#publishers.join(publisher, keyHash);
  }

  /** Ends the broadcast, whoever publishes. Resolves when it is over, and recorded unless the store takes too long. */
  async end(reason: EndReason): Promise<void> {
    this.#happen({ is: 'ended', reason });
    await this.givenBack;
    await Promise.race([this.#worked, pause(RECORDED_MS, undefined, { ref: false })]);
  }

  /** Sends everybody away who publishes; the broadcast waits for others. */
  expel(): void {
    this.#publishers.expel('STREAM_KEY_REFUSED');
  }

  /**
   * Does what control has decided and could not tell this node, or told it before a publisher was quite in. Who came since
   * the question, `askedAt`, may have a newer key than the answer knows.
   */
  async heed({ isDisabled, keyHash }: Renewal, askedAt: number): Promise<void> {
    if (isDisabled) return this.end('disabled');
    this.#publishers.expelOthers(keyHash, askedAt, 'STREAM_KEY_REFUSED');
  }

  /** The process stops and the broadcast does not: another takes it up. */
  async abandon(): Promise<void> {
    this.#airing.stopWaiting();
    clearInterval(this.#ticker);
    const { phase } = this.#occupancy;
    this.#occupancy = { phase: 'over', departure: 'lost' };
    this.#publishers.close('UNAVAILABLE');
    // One that has ended may be waiting for a store that is away.
    if (phase === 'over') await this.#airing.abandon();
    await this.#worked;
    // What was still being done may have begun to wait for a publisher, which would keep the process for that long.
    clearTimeout(this.#window);
    await this.#sessions.close();
    if (phase === 'empty') await this.#airing.release();
    else if (phase !== 'over') {
      await this.#airing.abandon();
      await this.#airing.letGo();
    }
    this.#airing.finish();
  }

  /**
   * Leaves the broadcast to another node, which asks for it since a publisher has come there. False when somebody publishes
   * here, or not everything is recorded yet.
   */
  async yield(): Promise<boolean> {
    this.#publishers.loseSilent();
    await this.#worked;
    if (!this.#isForsaken || !(await this.#airing.isRecorded()) || !this.#isForsaken) return false;
    await this.#close();
    await this.#airing.letGo();
    this.#moved();
    return true;
  }

  /** Another node has taken the stream over: nothing is done for it here any more. */
  async surrender(): Promise<void> {
    await this.#close();
    this.#moved();
  }

  get #isForsaken(): boolean {
    return this.#occupancy.phase === 'reconnecting' && this.#publishers.isEmpty;
  }

  async #close(): Promise<void> {
    this.#occupancy = { phase: 'over', departure: 'lost' };
    clearTimeout(this.#window);
    this.#publishers.close('LIVE_STREAM_BUSY');
    await this.#airing.forsake();
    await this.#worked;
    await this.#sessions.close();
  }

  #moved(): void {
    this.#airing.moved();
    this.#finish();
  }

  /** Of one that never was on the air: nobody hears of it any more. */
  discard(): void {
    this.#finish();
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
        return this.#sessions.close();
      case 'send-away':
        return this.#publishers.sendAway(deed.who, deed.why);
      case 'wait':
        return this.#wait();
      case 'stop-waiting':
        return clearTimeout(this.#window);
      case 'give-back':
        await this.#airing.giveBack();
        return this.#finish();
      case 'end':
        await this.#airing.end(deed.reason);
        return this.#finish();
    }
  }

  #encode(who: number): void {
    const feed = this.#publishers.find(who);
    if (feed) this.#sessions.encode(feed);
  }

  #wait(): void {
    this.#airing.lost();
    clearTimeout(this.#window);
    this.#window = setTimeout(() => this.#happen({ is: 'waited' }), this.stream.options.reconnectSeconds * 1_000);
  }

  #finish(): void {
    this.#occupancy = { phase: 'over', departure: this.#occupancy.departure };
    clearInterval(this.#ticker);
    clearTimeout(this.#window);
    this.#airing.finish();
    this.#over();
  }

  #tick(): void {
    this.#ticks += 1;
    this.#publishers.checkSilence(this.#occupancy);
    if (this.#ticks % TICKS_A_SECOND === 0 && this.#occupancy.phase === 'live') this.#sessions.check();
  }
}
