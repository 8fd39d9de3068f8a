import { BroadcastRepository } from '../../src/database/broadcasts.ts';
import { LiveStreamRepository } from '../../src/database/live-streams.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import type { Fault } from '../../src/kernel/errors.ts';
import type { BroadcastFormat } from '../../src/kernel/live/broadcast.ts';
import type { LiveCommand } from '../../src/kernel/live/commands.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { mountCommands } from '../../src/live/command-door.ts';
import { buildOrigin } from '../../src/origin/http.ts';
import type { ControlServer } from './control-server.ts';

const FORMAT: BroadcastFormat = { segmentSeconds: 2, targetDurationSeconds: 2, partTargetSeconds: 0.334 };

/** A node with live streams but without media: it takes commands on a real origin, and ends what it is told to end. */
export class LiveNode {
  readonly url: string;
  readonly streams: LiveStreamRepository;
  readonly broadcasts: BroadcastRepository;
  /** Carried out, in order. */
  readonly commands: { readonly streamId: string; readonly command: LiveCommand }[] = [];
  /** Thrown instead of carrying out. */
  refusal: Fault | undefined;
  readonly #stop: () => Promise<void>;

  private constructor(url: string, repositories: Pick<LiveNode, 'streams' | 'broadcasts'>, stop: () => Promise<void>) {
    this.url = url;
    this.streams = repositories.streams;
    this.broadcasts = repositories.broadcasts;
    this.#stop = stop;
  }

  static async start({ database, secrets, assets, queue, signals, store }: ControlServer): Promise<LiveNode> {
    const streams = new LiveStreamRepository(database, systemClock, secrets.contentKeySecret);
    const { edgeSecret } = secrets;
    const origin = buildOrigin({
      ...{ assets, queue, signals, store, streams, edgeSecret, clock: systemClock, log: silentLog, holdMs: 0 },
      contentKeys: { find: async () => undefined },
      revokedEdges: { has: async () => false },
    });
    let node: LiveNode | undefined;
    await mountCommands(origin, {
      edgeSecret,
      clock: systemClock,
      carryOut: async (streamId, command) => node?.carryOut(streamId, command),
    });
    const url = await origin.listen({ host: '127.0.0.1', port: 0 });
    node = new LiveNode(url, { streams, broadcasts: new BroadcastRepository(database, systemClock) }, async () => {
      origin.server.closeAllConnections();
      await origin.close();
    });
    return node;
  }

  /** Has a stream go live here. */
  async goLive(streamId: string, recordingId = streamId.replace('ls_', 'as_')): Promise<void> {
    await this.streams.claim(this.hold(streamId), 60_000);
    await this.broadcasts.begin(this.hold(streamId), { recordingId, format: FORMAT });
  }

  hold(streamId: string) {
    return { streamId, nodeUrl: this.url };
  }

  async carryOut(streamId: string, command: LiveCommand): Promise<void> {
    if (this.refusal) throw this.refusal;
    this.commands.push({ streamId, command });
    const stream = await this.streams.find(streamId);
    if (command.kind === 'end' && stream)
      await this.broadcasts.end(this.hold(streamId), stream.broadcast, command.reason);
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}
