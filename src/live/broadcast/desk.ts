import { setTimeout as pause } from 'node:timers/promises';
import type { Broadcast, LiveStream } from '../../database/live-stream-rows.ts';
import { Fault } from '../../kernel/errors.ts';
import type { EndReason } from '../../kernel/live/live-stream.ts';
import { hashStreamKey } from '../../kernel/live/stream-key.ts';
import { shownUntil } from '../../kernel/live/unseen-end.ts';
import type { Caller, Desk, Place } from '../seams.ts';
import { AbandonedBroadcasts } from './abandoned.ts';
import type { BroadcastDeps, Inheritance } from './deps.ts';
import { Leases } from './leases.ts';
import { StreamActor } from './stream-actor.ts';

/** Whoever comes while a broadcast ends waits so long for that, and begins the next one. */
const END_MS = 5_000;

/** All streams that somebody publishes to at this node, and who may. */
export class BroadcastDesk implements Desk {
  readonly #deps: BroadcastDeps;
  readonly #leases: Leases;
  readonly #abandoned: AbandonedBroadcasts;
  readonly #actors = new Map<string, StreamActor>();
  readonly #claims = new Map<string, Promise<StreamActor>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isStopped = false;
  #isLooking = false;

  constructor(deps: BroadcastDeps) {
    this.#deps = deps;
    this.#leases = new Leases(deps);
    this.#abandoned = new AbandonedBroadcasts(deps);
  }

  /** Takes up what this node has left unfinished. */
  async start(): Promise<void> {
    await this.#takeUp();
    this.#timers.add(setInterval(() => void this.#renew(), this.#leases.renewalMs));
    this.#timers.add(setInterval(() => void this.#lookAfter(), this.#deps.settings.liveLeaseMs));
  }

  /** The broadcasts stay as they are, for whoever takes them up. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all([...this.#actors.values()].map((actor) => actor.abandon()));
  }

  get actors(): readonly StreamActor[] {
    return [...this.#actors.values()];
  }

  find(streamId: string): StreamActor | undefined {
    return this.#actors.get(streamId);
  }

  /** False when nothing is under way here. */
  async end(streamId: string, reason: EndReason): Promise<boolean> {
    const actor = this.#actors.get(streamId);
    await actor?.end(reason);
    return actor !== undefined;
  }

  expel(streamId: string): void {
    this.#actors.get(streamId)?.expel();
  }

  /**
   * Leaves a stream to the node that asks for it, since its publisher has come to that one.
   * @throws Fault LIVE_STREAM_BUSY when somebody publishes to it here, LIVE_STREAM_IDLE when it is not here
   */
  async yield(streamId: string): Promise<void> {
    const actor = await (this.#claims.get(streamId) ?? this.#actors.get(streamId));
    if (!actor || actor.isOver) throw new Fault('LIVE_STREAM_IDLE');
    if (!(await actor.yield())) throw new Fault('LIVE_STREAM_BUSY');
  }

  async admit(caller: Caller): Promise<Place> {
    const stream = await this.#deps.keys.open(caller);
    if (stream.isDisabled) throw new Fault('LIVE_STREAM_DISABLED');
    const actor = await this.#actorOf(stream);
    if (!actor.reserve()) throw new Fault('LIVE_STREAM_BUSY');
    let isTaken = false;
    const once = (act: () => void) => {
      if (!isTaken) act();
      isTaken = true;
    };
    return {
      streamId: stream.id,
      take: (publisher) => once(() => actor.join(publisher, hashStreamKey(caller.streamKey))),
      leave: () => once(() => actor.giveUpPlace()),
    };
  }

  async #actorOf(stream: LiveStream): Promise<StreamActor> {
    const actor = this.#actors.get(stream.id);
    if (actor && !actor.isOver) return actor;
    // Both of two that come at once belong to the one that was claimed first.
    return this.#claims.get(stream.id) ?? this.#alone(stream.id, () => this.#claim(stream, actor));
  }

  /** One claim of a stream at a time. */
  #alone(streamId: string, claim: () => Promise<StreamActor>): Promise<StreamActor> {
    const claimed = claim().finally(() => this.#claims.delete(streamId));
    this.#claims.set(streamId, claimed);
    return claimed;
  }

  /** `before` is over, and may still have to give the stream back: what that does must not meet the next one. */
  async #claim(stream: LiveStream, before: StreamActor | undefined): Promise<StreamActor> {
    if (before) await Promise.race([before.givenBack, pause(END_MS, undefined, { ref: false })]);
    if (this.#isStopped) throw new Fault('UNAVAILABLE');
    if (this.#othersThan(stream.id) >= this.#deps.settings.liveStreams) throw new Fault('LIVE_FULL');
    const inheritance = await this.#askHolder(stream);
    const { claimed, heldUntilMs } = await this.#leases.take(stream.id);
    if (!claimed) throw new Fault('LIVE_STREAM_BUSY');
    return claimed.state === 'idle'
      ? this.#open(claimed, heldUntilMs)
      : this.#takeOver(claimed, heldUntilMs, inheritance);
  }

  /** Streams that are under way here, or about to be: of many that come at once, not each is told that there is room. */
  #othersThan(streamId: string): number {
    const running = this.actors.filter(({ isOver }) => !isOver).map(({ stream }) => stream.id);
    const others = new Set([...running, ...this.#claims.keys()]);
    others.delete(streamId);
    return others.size;
  }

  /**
   * Whoever has a stream is asked, however long ago its lease ended: a database that was away for all ends none. Nothing of
   * its broadcast is unknown when it has given the stream up, or nobody else had it.
   */
  async #askHolder(stream: LiveStream): Promise<Inheritance> {
    if (stream.nodeUrl === undefined || stream.nodeUrl === this.#deps.nodeUrl()) return {};
    try {
      await this.#deps.askToYield(stream);
      return {};
    } catch (cause) {
      const { code } = Fault.from(cause);
      if (code === 'LIVE_STREAM_BUSY') throw cause;
      this.#deps.log.info(
        { stream: stream.id, node: stream.nodeUrl, code },
        'the node of a stream does not give it up',
      );
      // It may have renewed its lease while it was asked. Where it does so after this it cannot be claimed.
      const left = (await this.#deps.streams.find(stream.id)) ?? stream;
      return { shownUntilMs: shownUntil(left, this.#deps.settings.liveLeaseMs) };
    }
  }

  /** A broadcast that another node has left, or that could not be taken up here yet, goes on with whoever came. */
  async #takeOver(stream: LiveStream, heldUntilMs: number, inheritance: Inheritance): Promise<StreamActor> {
    const underWay = await this.#deps.broadcasts.unfinished(this.#deps.nodeUrl());
    const broadcast = underWay.find(({ streamId }) => streamId === stream.id);
    return broadcast ? this.#resume(broadcast, stream, heldUntilMs, inheritance) : this.#open(stream, heldUntilMs);
  }

  #open(stream: LiveStream, heldUntilMs: number): StreamActor {
    const actor = this.#newActor(stream, heldUntilMs);
    this.#actors.set(stream.id, actor);
    return actor;
  }

  #newActor(stream: LiveStream, heldUntilMs: number): StreamActor {
    const actor: StreamActor = new StreamActor(this.#deps, stream, () => this.#retire(actor));
    actor.hold(heldUntilMs);
    return actor;
  }

  #retire(actor: StreamActor): void {
    const { id } = actor.stream;
    if (this.#actors.get(id) === actor) this.#actors.delete(id);
  }

  /** Broadcasts of this node that nobody here has: of the process before it, or that could not be taken up the last time. */
  async #takeUp(): Promise<void> {
    for (const broadcast of await this.#deps.broadcasts.unfinished(this.#deps.nodeUrl())) {
      const { streamId } = broadcast;
      if (this.#isStopped || this.#actors.has(streamId) || this.#claims.has(streamId)) continue;
      await this.#alone(streamId, () => this.#reclaim(broadcast)).catch((cause: unknown) => {
        this.#deps.log.error({ err: cause, stream: streamId }, 'a broadcast could not be taken up again');
      });
    }
  }

  async #reclaim(broadcast: Broadcast): Promise<StreamActor> {
    const { streamId, number } = broadcast;
    const { claimed, heldUntilMs } = await this.#leases.take(streamId);
    if (!claimed) {
      // Disabled meanwhile: it is still this node's, and nobody else's to end.
      const hold = { streamId, nodeUrl: this.#deps.nodeUrl() };
      if (await this.#deps.broadcasts.end(hold, number, 'disabled')) await this.#deps.finished(broadcast);
      throw new Fault('LIVE_STREAM_DISABLED');
    }
    return this.#resume(broadcast, claimed, heldUntilMs, {});
  }

  async #resume(
    broadcast: Broadcast,
    stream: LiveStream,
    heldUntilMs: number,
    inheritance: Inheritance,
  ): Promise<StreamActor> {
    const actor = this.#newActor(stream, heldUntilMs);
    try {
      await actor.resume(broadcast, inheritance);
    } catch (cause) {
      actor.discard();
      throw cause;
    }
    this.#actors.set(stream.id, actor);
    return actor;
  }

  /** All at once: one that the database is slow about costs no other its lease. */
  async #renew(): Promise<void> {
    await Promise.all([...this.#actors.values()].map((actor) => this.#leases.renew(actor)));
  }

  async #lookAfter(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#takeUp();
      await this.#abandoned.end((streamId) => this.#actors.has(streamId));
    } catch (cause) {
      this.#deps.log.warn({ err: cause }, 'broadcasts without a node could not be looked for');
    } finally {
      this.#isLooking = false;
    }
  }
}
