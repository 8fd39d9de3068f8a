import { setTimeout as pause } from 'node:timers/promises';
import type { Broadcast, LiveStream } from '../../database/live-stream-rows.ts';
import { parseTrust } from '../../kernel/address.ts';
import { Fault } from '../../kernel/errors.ts';
import { Claims } from '../../kernel/live/claims.ts';
import type { EndReason } from '../../kernel/live/live-stream.ts';
import type { Caller, Desk, Place } from '../seams.ts';
import type { BroadcastDeps } from './deps.ts';
import { StreamActor } from './stream-actor.ts';

/** A node that says nothing for so long has lost its streams. */
const HOLD_MS = 15_000;
const RENEW_MS = 5_000;
/** Whoever comes while a broadcast ends waits so long for that, and begins the next one. */
const END_MS = 5_000;

/** All streams that somebody publishes to at this node, and who may. */
export class BroadcastDesk implements Desk {
  readonly #deps: BroadcastDeps;
  readonly #actors = new Map<string, StreamActor>();
  readonly #claims = new Map<string, Promise<StreamActor>>();
  readonly #keyClaims: Claims;
  readonly #timers = new Set<NodeJS.Timeout>();
  #isStopped = false;
  #isLooking = false;

  constructor(deps: BroadcastDeps) {
    this.#deps = deps;
    this.#keyClaims = new Claims(parseTrust(deps.settings.trustedProxies));
  }

  /** Takes up what this node has left unfinished. */
  async start(): Promise<void> {
    await this.#takeUp();
    this.#timers.add(setInterval(() => void this.#renew(), RENEW_MS));
    this.#timers.add(setInterval(() => void this.#lookAfter(), HOLD_MS));
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

  async admit(caller: Caller): Promise<Place> {
    const stream = await this.#lookUp(caller);
    if (!stream) return this.#refuse(caller);
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
      take: (publisher) => once(() => actor.join(publisher)),
      leave: () => once(() => actor.giveUpPlace()),
    };
  }

  /** @throws Fault LIVE_CLAIMS_LIMITED */
  async #lookUp({ address, streamKey }: Caller): Promise<LiveStream | undefined> {
    const entry = this.#keyClaims.enter(address, this.#deps.clock.now());
    if (!entry.isIn) throw new Fault('LIVE_CLAIMS_LIMITED', { retryAfterSeconds: entry.retryAfterSeconds });
    try {
      return await this.#deps.streams.findByKey(streamKey);
    } finally {
      entry.leave();
    }
  }

  async #refuse({ address, door }: Caller): Promise<never> {
    this.#deps.count('live_keys_refused');
    this.#deps.log.info({ address, door }, 'a wrong stream key');
    const wait = this.#keyClaims.refuse(address, this.#deps.clock.now());
    if (wait) await pause(wait.delayMs).finally(wait.done);
    throw new Fault('STREAM_KEY_REFUSED');
  }

  async #actorOf(stream: LiveStream): Promise<StreamActor> {
    const actor = this.#actors.get(stream.id);
    if (actor && !actor.isOver) return actor;
    // Both of two that come at once belong to the one that was claimed first.
    return this.#claims.get(stream.id) ?? this.#alone(stream.id, () => this.#claim(stream.id, actor));
  }

  /** One claim of a stream at a time. */
  #alone(streamId: string, claim: () => Promise<StreamActor>): Promise<StreamActor> {
    const claimed = claim().finally(() => this.#claims.delete(streamId));
    this.#claims.set(streamId, claimed);
    return claimed;
  }

  /** `before` is over, and may still have to give the stream back: what that does must not meet the next one. */
  async #claim(streamId: string, before: StreamActor | undefined): Promise<StreamActor> {
    if (before) await Promise.race([before.givenBack, pause(END_MS, undefined, { ref: false })]);
    if (this.#isStopped) throw new Fault('UNAVAILABLE');
    const running = this.actors.filter(({ isOver }) => !isOver);
    if (running.length >= this.#deps.settings.liveStreams) throw new Fault('LIVE_FULL');
    const claimed = await this.#deps.streams.claim({ streamId, nodeUrl: this.#deps.nodeUrl() }, HOLD_MS);
    if (!claimed) throw new Fault('LIVE_STREAM_BUSY');
    return claimed.state === 'idle' ? this.#open(claimed) : this.#takeOver(claimed);
  }

  /** A broadcast that another node has left, or that could not be taken up here yet, goes on with whoever came. */
  async #takeOver(stream: LiveStream): Promise<StreamActor> {
    const underWay = await this.#deps.broadcasts.unfinished(this.#deps.nodeUrl());
    const broadcast = underWay.find(({ streamId }) => streamId === stream.id);
    return broadcast ? this.#resume(broadcast, stream) : this.#open(stream);
  }

  #open(stream: LiveStream): StreamActor {
    const actor = this.#newActor(stream);
    this.#actors.set(stream.id, actor);
    return actor;
  }

  #newActor(stream: LiveStream): StreamActor {
    const actor: StreamActor = new StreamActor(this.#deps, stream, () => this.#retire(actor));
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
    const hold = { streamId, nodeUrl: this.#deps.nodeUrl() };
    const stream = await this.#deps.streams.claim(hold, HOLD_MS);
    if (!stream) {
      // Disabled meanwhile: it is still this node's, and nobody else's to end.
      if (await this.#deps.broadcasts.end(hold, number, 'disabled')) await this.#deps.finished(broadcast);
      throw new Fault('LIVE_STREAM_DISABLED');
    }
    return this.#resume(broadcast, stream);
  }

  async #resume(broadcast: Broadcast, stream: LiveStream): Promise<StreamActor> {
    const actor = this.#newActor(stream);
    try {
      await actor.resume(broadcast);
    } catch (cause) {
      actor.discard();
      throw cause;
    }
    this.#actors.set(stream.id, actor);
    return actor;
  }

  async #renew(): Promise<void> {
    for (const actor of this.#actors.values()) {
      const hold = { streamId: actor.stream.id, nodeUrl: this.#deps.nodeUrl() };
      // A database that does not answer takes no stream away.
      const isOurs = await this.#deps.streams.renew(hold, HOLD_MS).catch(() => true);
      if (isOurs || actor.isOver) continue;
      this.#deps.log.warn({ stream: hold.streamId }, 'a stream is not of this node any more');
      await actor.end('deleted');
    }
  }

  async #lookAfter(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#takeUp();
      await this.#endAbandoned();
    } catch (cause) {
      this.#deps.log.warn({ err: cause }, 'broadcasts without a node could not be looked for');
    } finally {
      this.#isLooking = false;
    }
  }

  /** Broadcasts of nodes that are no more, which nobody else will end. */
  async #endAbandoned(): Promise<void> {
    try {
      for (const broadcast of await this.#deps.broadcasts.abandoned(this.#deps.clock.now() - HOLD_MS)) {
        if (!this.#actors.has(broadcast.streamId)) await this.#endFor(broadcast);
      }
    } catch (cause) {
      this.#deps.log.warn({ err: cause }, 'broadcasts without a node could not be ended');
    }
  }

  /** As long as its own node may still come back and take it up, it is left alone. */
  async #endFor(broadcast: Broadcast): Promise<void> {
    const { streamId, number } = broadcast;
    const stream = await this.#deps.streams.find(streamId);
    const reconnectMs = (stream?.options.reconnectSeconds ?? 0) * 1_000;
    if (!stream?.ownedUntilMs || stream.ownedUntilMs + reconnectMs > this.#deps.clock.now()) return;
    // One that is disabled cannot be claimed, and has nobody who would take it up.
    const own = { streamId, nodeUrl: this.#deps.nodeUrl() };
    const hold = stream.isDisabled && stream.nodeUrl ? { streamId, nodeUrl: stream.nodeUrl } : own;
    if (!stream.isDisabled && !(await this.#deps.streams.claim(hold, HOLD_MS))) return;
    if (await this.#deps.broadcasts.end(hold, number, 'interrupted')) await this.#deps.finished(broadcast);
  }
}
