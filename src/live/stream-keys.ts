import { setTimeout as pause } from 'node:timers/promises';
import type { LiveStream } from '../database/live-stream-rows.ts';
import { parseTrust } from '../kernel/address.ts';
import { Fault } from '../kernel/errors.ts';
import { Claims } from '../kernel/live/claims.ts';
import type { Log } from '../kernel/log.ts';
import type { Caller } from './seams.ts';

/** Somebody who has a stream key, at a door or in a channel. */
export interface KeyHolder extends Omit<Caller, 'door'> {
  readonly door: Caller['door'] | 'channel';
}

export interface StreamKeysOptions {
  readonly streams: { findByKey(streamKey: string): Promise<LiveStream | undefined> };
  readonly settings: {
    /** Whose addresses stand for many. */
    readonly trustedProxies: string;
  };
  readonly count: (name: 'live_keys_refused') => void;
  readonly log: Log;
}

/** Which streams keys open. One for all doors and channels, so that who guesses is known at each. */
export class StreamKeys {
  readonly #options: StreamKeysOptions;
  readonly #claims: Claims;

  constructor(options: StreamKeysOptions) {
    this.#options = options;
    this.#claims = new Claims(parseTrust(options.settings.trustedProxies));
  }

  /**
   * The stream that a key opens, at once; a wrong one is refused late on purpose, and holds up nobody but its own network.
   * @param streamId where no other stream's key will do
   * @throws Fault STREAM_KEY_REFUSED, LIVE_CLAIMS_LIMITED
   */
  async open(holder: KeyHolder, streamId?: string): Promise<LiveStream> {
    const stream = await this.#lookUp(holder);
    const isRight = stream !== undefined && (streamId === undefined || stream.id === streamId);
    return isRight ? stream : this.#refuse(holder);
  }

  async #lookUp({ address, streamKey }: KeyHolder): Promise<LiveStream | undefined> {
    const entry = this.#claims.enter(address, performance.now());
    if (!entry.isIn) throw new Fault('LIVE_CLAIMS_LIMITED', { retryAfterSeconds: entry.retryAfterSeconds });
    try {
      return await this.#options.streams.findByKey(streamKey);
    } finally {
      entry.leave();
    }
  }

  async #refuse({ address, door }: KeyHolder): Promise<never> {
    const { count, log } = this.#options;
    count('live_keys_refused');
    log.info({ address, door }, 'a wrong stream key');
    const wait = this.#claims.refuse(address, performance.now());
    if (wait) await pause(wait.delayMs).finally(wait.done);
    throw new Fault('STREAM_KEY_REFUSED');
  }
}
