import { networkOf } from '../../kernel/address.ts';
import type { SteadyClock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/errors.ts';
import { liveChannelPath } from '../../kernel/live/paths.ts';
import type { Admission } from './admission.ts';
import { EdgeChannel } from './edge-channel.ts';
import type { LinkOptions } from './link.ts';
import { ChannelViewer } from './viewer.ts';
import type { ViewerSocket } from './viewer-socket.ts';

export interface ChannelsOptions extends Omit<LinkOptions, 'path'> {
  readonly clock: SteadyClock;
  readonly maxViewers: number;
  readonly maxPerAddress: number;
}

export interface ChannelCounts {
  readonly viewers: number;
  readonly channels: number;
  /** Of all queues together, what waits to be taken. */
  readonly queuedBytes: number;
  /** Since the start. */
  readonly droppedParts: number;
  readonly refused: number;
}

const BEAT_MS = 1_000;
/** How long the connection to the node outlives the last viewer, who may only be reloading a page. */
const LINGER_MS = 10_000;

interface Open {
  readonly channel: EdgeChannel;
  linger?: NodeJS.Timeout | undefined;
}

/** The channels of the streams that somebody here listens to. */
export class Channels {
  readonly #options: ChannelsOptions;
  readonly #open = new Map<string, Open>();
  /** By network. */
  readonly #perAddress = new Map<string, number>();
  #viewers = 0;
  #droppedBefore = 0;
  #refused = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: ChannelsOptions) {
    this.#options = options;
  }

  get counts(): ChannelCounts {
    const everybody = [...this.#open.values()].flatMap(({ channel }) => [...channel.viewers]);
    const sum = (of: (viewer: ChannelViewer) => number) => everybody.reduce((total, each) => total + of(each), 0);
    return {
      viewers: this.#viewers,
      channels: this.#open.size,
      queuedBytes: sum(({ queuedBytes }) => queuedBytes),
      droppedParts: this.#droppedBefore + sum(({ droppedParts }) => droppedParts),
      refused: this.#refused,
    };
  }

  /**
   * Takes a place for a viewer, to be given back by the function returned. Without an address where a proxy stands for many.
   * @throws Fault CHANNEL_FULL, CHANNEL_CROWDED
   */
  reserve(address: string | undefined): () => void {
    const { maxViewers, maxPerAddress } = this.#options;
    const network = address === undefined ? undefined : networkOf(address);
    const ofAddress = network === undefined ? 0 : (this.#perAddress.get(network) ?? 0);
    if (this.#isStopped || this.#viewers >= maxViewers) this.#refuse('CHANNEL_FULL');
    if (ofAddress >= maxPerAddress) this.#refuse('CHANNEL_CROWDED');
    this.#viewers += 1;
    if (network !== undefined) this.#perAddress.set(network, ofAddress + 1);
    return () => {
      this.#viewers -= 1;
      if (network === undefined) return;
      const left = (this.#perAddress.get(network) ?? 1) - 1;
      if (left === 0) this.#perAddress.delete(network);
      else this.#perAddress.set(network, left);
    };
  }

  join(streamId: string, socket: ViewerSocket, admission: Admission): void {
    const open = this.#open.get(streamId) ?? this.#openChannel(streamId);
    clearTimeout(open.linger);
    open.channel.join(new ChannelViewer(socket, admission, open.channel, this.#options.clock));
    this.#timer ??= setInterval(() => this.#beat(), BEAT_MS);
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    for (const { channel, linger } of this.#open.values()) {
      clearTimeout(linger);
      channel.stop('GOING_AWAY');
    }
  }

  #openChannel(streamId: string): Open {
    const channel = new EdgeChannel({
      ...this.#options,
      streamId,
      path: liveChannelPath(streamId),
      onLeft: ({ droppedParts }) => {
        this.#droppedBefore += droppedParts;
        // Of one that was forgotten all leave, and the stream may have another one by then.
        if (channel.viewers.size > 0 || this.#isStopped || this.#open.get(streamId) !== open) return;
        open.linger = setTimeout(() => this.#close(streamId, open), LINGER_MS);
      },
      onUnknown: () => this.#forget(streamId, open),
    });
    const open: Open = { channel };
    this.#open.set(streamId, open);
    channel.start();
    return open;
  }

  #close(streamId: string, open: Open): void {
    this.#open.delete(streamId);
    open.channel.stop('GOING_AWAY');
  }

  #forget(streamId: string, open: Open): void {
    if (this.#open.get(streamId) !== open) return;
    this.#open.delete(streamId);
    clearTimeout(open.linger);
    open.channel.stop('STREAM_GONE');
  }

  #beat(): void {
    for (const { channel } of this.#open.values()) channel.beat();
  }

  #refuse(code: 'CHANNEL_FULL' | 'CHANNEL_CROWDED'): never {
    this.#refused += 1;
    throw new Fault(code);
  }
}
