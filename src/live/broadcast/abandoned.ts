import type { Broadcast } from '../../database/live-stream-rows.ts';
import type { BroadcastDeps } from './deps.ts';

/** Broadcasts of nodes that are no more, which nobody else will end. */
export class AbandonedBroadcasts {
  readonly #deps: BroadcastDeps;
  /** Leases that were over when they were last looked at, by stream. */
  #lapsed: ReadonlyMap<string, number> = new Map();

  constructor(deps: BroadcastDeps) {
    this.#deps = deps;
  }

  async end(isHere: (streamId: string) => boolean): Promise<void> {
    const { broadcasts, clock, settings, log } = this.#deps;
    const before = this.#lapsed;
    const lapsed = new Map<string, number>();
    this.#lapsed = lapsed;
    try {
      for (const broadcast of await broadcasts.abandoned(clock.now() - settings.liveLeaseMs)) {
        if (!isHere(broadcast.streamId)) await this.#endOf(broadcast, before, lapsed);
      }
    } catch (cause) {
      log.warn({ err: cause }, 'broadcasts without a node could not be ended');
    }
  }

  /**
   * As long as its own node may still come back and take it up, it is left alone. Nor is it ended the first time that its
   * lease is seen to be over: a database that was away is back for its node at the same moment as for this one.
   */
  async #endOf(broadcast: Broadcast, before: ReadonlyMap<string, number>, lapsed: Map<string, number>): Promise<void> {
    const { streams, broadcasts, clock, settings, nodeUrl, finished } = this.#deps;
    const { streamId, number } = broadcast;
    const stream = await streams.find(streamId);
    if (!stream?.ownedUntilMs) return;
    lapsed.set(streamId, stream.ownedUntilMs);
    if (before.get(streamId) !== stream.ownedUntilMs) return;
    if (stream.ownedUntilMs + stream.options.reconnectSeconds * 1_000 > clock.now()) return;
    // One that is disabled cannot be claimed, and has nobody who would take it up.
    const own = { streamId, nodeUrl: nodeUrl() };
    const hold = stream.isDisabled && stream.nodeUrl ? { streamId, nodeUrl: stream.nodeUrl } : own;
    if (!stream.isDisabled && !(await streams.claim(hold, settings.liveLeaseMs))) return;
    if (await broadcasts.end(hold, number, 'interrupted')) await finished(broadcast);
  }
}
