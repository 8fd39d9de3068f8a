import { setTimeout as pause } from 'node:timers/promises';
import type { FaultCode } from '../../kernel/errors.ts';
import type { Happening, Occupancy } from '../../kernel/live/occupancy.ts';
import type { Log } from '../../kernel/log.ts';
import type { Publisher } from '../seams.ts';
import type { BroadcastDeps } from './deps.ts';
import { PublisherFeed } from './feed.ts';

/** The first and the backup. */
const MOST = 2;
/** A stall that a backup is there for. Shorter ones are a network's. */
const STALL_MS = 800;
/** How long an encoder may take to read what somebody sent who is gone: it comes in one piece with his goodbye. */
const LAST_BYTES_MS = 500;

type PublishersDeps = Pick<BroadcastDeps, 'nextId' | 'clock' | 'settings'>;

/** Who publishes to a stream, and who was promised a place. What they do is told; who of them is encoded is not their matter. */
export class Publishers {
  readonly #deps: PublishersDeps;
  readonly #log: Log;
  readonly #tell: (happening: Happening) => void;
  readonly #feeds = new Map<number, PublisherFeed>();
  #places = 0;

  constructor(deps: PublishersDeps, log: Log, tell: (happening: Happening) => void) {
    this.#deps = deps;
    this.#log = log;
    this.#tell = tell;
  }

  /** Nobody is here or on the way. */
  get isEmpty(): boolean {
    return this.#feeds.size === 0 && this.#places === 0;
  }

  find(who: number): PublisherFeed | undefined {
    return this.#feeds.get(who);
  }

  /** Room for one more, as the first or as the backup. */
  reserve(): boolean {
    if (this.#places + this.#feeds.size >= MOST) return false;
    this.#places += 1;
    return true;
  }

  giveUpPlace(): void {
    this.#places -= 1;
  }

  join(publisher: Publisher, keyHash: string): void {
    this.#places -= 1;
    const { nextId, clock, settings } = this.#deps;
    const feed = new PublisherFeed(nextId(), publisher, keyHash, clock, settings.sourceMaxPixels);
    this.#feeds.set(feed.id, feed);
    this.#log.info({ door: publisher.door, address: publisher.address, publisher: feed.id }, 'a publisher came');
    // Whoever encodes it hears of what went wrong.
    feed.look().catch(() => {});
    const read = feed.run();
    void publisher.gone.then(async (how) => {
      await Promise.race([read, pause(LAST_BYTES_MS, undefined, { ref: false })]);
      this.#left(feed, how);
    });
    this.#tell({ is: 'joined', who: feed.id });
  }

  #left(feed: PublisherFeed, how: 'finished' | 'lost'): void {
    if (!this.#feeds.delete(feed.id)) return;
    this.#log.info({ publisher: feed.id, how }, 'a publisher left');
    this.#tell({ is: 'left', who: feed.id, how });
  }

  sendAway(who: number, why: FaultCode): void {
    const feed = this.#feeds.get(who);
    this.#feeds.delete(who);
    this.#log.info({ publisher: who, code: why }, 'a publisher was sent away');
    feed?.close(why);
  }

  /** Sends all of them away as if they were lost. */
  expel(why: FaultCode): void {
    for (const who of [...this.#feeds.keys()]) this.#lose(who, why);
  }

  /** The same for those who had come by then, by performance.now(), with another key than this one. */
  expelOthers(keyHash: string, asOf: number, why: FaultCode): void {
    for (const feed of [...this.#feeds.values()])
      if (feed.keyHash !== keyHash && feed.joinedAt < asOf) this.#lose(feed.id, why);
  }

  #lose(who: number, why: FaultCode): void {
    this.sendAway(who, why);
    this.#tell({ is: 'left', who, how: 'lost' });
  }

  /** The process stops, or another node has the stream: nothing is told of it. */
  close(why: FaultCode): void {
    for (const feed of this.#feeds.values()) feed.close(why);
  }

  /** Loses all of them, as a backup would take their place, unless one has just been heard. */
  loseSilent(): void {
    const feeds = [...this.#feeds.values()];
    if (feeds.some(({ silentMs }) => silentMs < STALL_MS)) return;
    for (const { id } of feeds) this.#lose(id, 'LIVE_STREAM_SILENT');
  }

  /** Loses whoever has been silent for too long, and tells of a first one that a backup could stand in for. */
  checkSilence(occupancy: Pick<Occupancy, 'first' | 'backup'>): void {
    const longestMs = this.#deps.settings.liveSilenceSeconds * 1_000;
    for (const feed of [...this.#feeds.values()]) {
      const { silentMs } = feed;
      if (silentMs > longestMs) this.#lose(feed.id, 'LIVE_STREAM_SILENT');
      else if (silentMs > STALL_MS && feed.id === occupancy.first && this.#isFresh(occupancy.backup))
        this.#tell({ is: 'silent', who: feed.id });
    }
  }

  #isFresh(who: number | undefined): boolean {
    const feed = this.#feeds.get(who ?? 0);
    return feed !== undefined && feed.silentMs < STALL_MS / 2;
  }
}
