import type { FastifyInstance } from 'fastify';
import { BroadcastRepository, type Hold } from '../database/broadcasts.ts';
import { LiveBanRepository } from '../database/live-bans.ts';
import { LiveDeletionRepository } from '../database/live-deletions.ts';
import type { Broadcast, LiveStream } from '../database/live-stream-rows.ts';
import type { LiveStreamRepository } from '../database/live-streams.ts';
import type { Database } from '../database/open.ts';
import { RecordingRepository } from '../database/recordings.ts';
import type { SteadyClock } from '../kernel/clock.ts';
import { newId } from '../kernel/ids.ts';
import type { Ladder } from '../kernel/ladder/ladder.ts';
import type { BroadcastFormat } from '../kernel/live/broadcast.ts';
import type { Log } from '../kernel/log.ts';
import { CommandSender } from '../outbound/command-sender.ts';
import { ASSETS, type Signals } from '../queue/signals.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { BroadcastDeps, BroadcastSettings, Packaging } from './broadcast/deps.ts';
import { BroadcastDesk } from './broadcast/desk.ts';
import { LiveChannels } from './channel/live-channels.ts';
import { mountCommands } from './command-door.ts';
import { carryOut } from './commands.ts';
import { type DoorPorts, Doors, type DoorsOptions } from './doors/doors.ts';
import { EndedBroadcasts } from './ended-broadcasts.ts';
import { mountLive } from './http.ts';
import { OnAir } from './on-air.ts';
import { LivePackager } from './packager/live-packager.ts';
import { salvageSpools } from './packager/salvage.ts';
import type { Recordings } from './recordings.ts';
import { StreamKeys, type StreamKeysOptions } from './stream-keys.ts';

export interface LiveOptions {
  readonly database: Database;
  readonly store: ObjectStore;
  readonly signals: Pick<Signals, 'notify'>;
  readonly settings: BroadcastSettings & DoorsOptions['settings'] & StreamKeysOptions['settings'];
  readonly streams: LiveStreamRepository;
  readonly recordings: Pick<Recordings, 'begin' | 'finish' | 'recover'>;
  /** On this machine: what is not recorded yet lies below it. */
  readonly folder: string;
  readonly readLadder: (name: string) => Promise<Ladder>;
  /** The origin of this process, as other nodes reach it; known once it listens. */
  readonly nodeUrl: () => string;
  /** What proves to another node's origin that one of the fleet asks. */
  readonly sign: (method: string, target: string) => Readonly<Record<string, string>>;
  readonly edgeSecret: string;
  /** Under which addresses of viewers become names. */
  readonly viewerSecret: string;
  readonly count: BroadcastDeps['count'] & StreamKeysOptions['count'];
  readonly clock: SteadyClock;
  readonly log: Log;
}

/** The role: doors for publishers, an encoder and a packager for each broadcast, and routes for edges at the origin. */
export class Live {
  readonly desk: BroadcastDesk;
  readonly #options: LiveOptions;
  readonly #onAir = new OnAir();
  readonly #doors: Doors;
  readonly #keys: StreamKeys;
  readonly #channels: LiveChannels;
  readonly #broadcasts: BroadcastRepository;
  readonly #recordings: RecordingRepository;
  readonly #commands: CommandSender;
  #publishers = 0;
  #leftOvers: NodeJS.Timeout | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: LiveOptions) {
    const { database, clock, log, settings } = options;
    this.#options = options;
    this.#broadcasts = new BroadcastRepository(database, clock, () => options.signals.notify(ASSETS));
    this.#recordings = new RecordingRepository(database, options.nodeUrl);
    this.#keys = new StreamKeys(options);
    this.#channels = openChannels(options, this.#keys);
    this.#commands = new CommandSender({ ...options, ownOrigin: options.nodeUrl });
    this.desk = new BroadcastDesk(this.#broadcastDeps());
    this.#doors = new Doors({ settings, desk: this.desk, log });
  }

  /** Adds what edges ask for to the origin's listener, before it listens. */
  async mountOrigin(app: FastifyInstance): Promise<void> {
    const { edgeSecret, clock } = this.#options;
    await this.#channels.mount(app);
    const parts = { desk: this.desk, channels: this.#channels, onAir: this.#onAir, clock };
    await mountCommands(app, {
      edgeSecret,
      clock,
      carryOut: (streamId, command) => carryOut(parts, streamId, command),
    });
    const ended = new EndedBroadcasts(this.#broadcasts, this.#recordings, clock);
    mountLive(app, { onAir: this.#onAir, ended, store: this.#options.store });
  }

  /** Whether the broadcast under way of a stream is at this node. */
  hasOnAir(streamId: string): boolean {
    return this.desk.find(streamId)?.isOnAir ?? false;
  }

  /** Somebody who has shown no source yet has none. */
  get broadcastsUnderWay(): number {
    return this.desk.actors.filter(({ isOnAir }) => isOnAir).length;
  }

  /** Adds the doors for browsers to a listener that carries WebSockets, before it listens. */
  mountDoors(app: FastifyInstance): void {
    this.#doors.mount(app);
  }

  /** Takes up what was left unfinished, and opens the doors. */
  async start(): Promise<DoorPorts> {
    // Before recordings are finished: what it finds belongs to them.
    const salvaged = await salvageSpools({ ...this.#packagerDeps(), broadcasts: this.#broadcasts });
    await this.#finishLeftOvers(new Set(salvaged));
    this.#leftOvers = setInterval(() => void this.#finishLeftOvers(), LEFT_OVERS_MS);
    await this.desk.start();
    return this.#doors.start();
  }

  /** Publishers are sent away; their broadcasts stay as they are, for the next process. A second call is the first one's. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    clearInterval(this.#leftOvers);
    await this.desk.stop();
    await this.#doors.stop();
    await this.#channels.stop();
  }

  #broadcastDeps(): BroadcastDeps {
    const { streams, clock, settings, log, readLadder, nodeUrl, count } = this.#options;
    return {
      streams,
      keys: this.#keys,
      broadcasts: this.#broadcasts,
      packagers: {
        open: (place, news, isHeld) => this.#keep(new LivePackager(this.#packagerDeps(), place, news, isHeld)),
        recover: async (...about) => this.#keep(await LivePackager.recover(this.#packagerDeps(), ...about)),
      },
      askToYield: (stream) => this.#commands.send(stream, { kind: 'yield' }, YIELD_MS),
      left: (streamId) => this.#left(streamId),
      channels: this.#channels,
      readLadder,
      begin: (hold, stream, format) => this.#begin(hold, stream, format),
      finished: (broadcast) => this.#finished(broadcast),
      nodeUrl,
      settings,
      clock,
      log,
      nextId: () => {
        this.#publishers += 1;
        return this.#publishers;
      },
      count,
    };
  }

  /** Recordings whose end a crash cut off, here or at a node that did not come back, or a store that was away. */
  async #finishLeftOvers(salvaged: ReadonlySet<string> = new Set()): Promise<void> {
    const { recordings, clock, log } = this.#options;
    await recordings
      // What another node still has of one, that node has had its time for.
      .recover(KEPT_MS, (ended) => salvaged.has(ended.recordingId) || clock.now() - ended.endedAtMs > SETTLED_MS)
      .catch((cause: unknown) => log.error({ err: cause }, 'recordings that are not finished could not be looked for'));
  }

  #packagerDeps() {
    const { store, log, folder } = this.#options;
    return { store, recordings: this.#recordings, log, folder };
  }

  #keep(packager: LivePackager): Packaging {
    this.#onAir.add(packager);
    return packager;
  }

  #left(streamId: string): void {
    const packager = this.#onAir.find(streamId);
    if (packager) this.#onAir.remove(packager);
    this.#channels.leave(streamId);
  }

  async #begin(hold: Hold, stream: LiveStream, format: BroadcastFormat): Promise<Broadcast | undefined> {
    const recordingId = newId('as');
    const broadcast = await this.#broadcasts.begin(hold, { recordingId, format });
    if (broadcast && stream.options.isRecorded) await this.#options.recordings.begin(broadcast, stream, format);
    return broadcast;
  }

  async #finished(broadcast: Broadcast): Promise<void> {
    try {
      await this.#options.recordings.finish(broadcast, KEPT_MS);
      await this.#channels.tellRecording(broadcast.streamId);
    } finally {
      const packager = this.#onAir.find(broadcast.streamId);
      if (packager?.place.broadcast === broadcast.number) this.#onAir.remove(packager);
    }
  }
}

/** A publisher waits so long for another node to give its stream up. */
const YIELD_MS = 5_000;

/** How often recordings are looked for that nobody finished. */
const LEFT_OVERS_MS = 30_000;

/** After so long nobody is storing the end of a broadcast any more. */
const SETTLED_MS = 120_000;

/** What is not to be kept may still be watched to its end for so long. */
const KEPT_MS = 10 * 60_000;

type WithoutRole = Pick<
  LiveOptions,
  'database' | 'store' | 'streams' | 'nodeUrl' | 'sign' | 'viewerSecret' | 'clock' | 'log'
> &
  StreamKeysOptions;

/**
 * The same for an origin without the role: broadcasts that are over are served by every node, and every node leads to the
 * channel of one that lasts elsewhere.
 */
export async function mountWithoutRole(app: FastifyInstance, options: WithoutRole): Promise<Pick<Live, 'stop'>> {
  const { database, store, clock } = options;
  const ended = new EndedBroadcasts(new BroadcastRepository(database, clock), new RecordingRepository(database), clock);
  const channels = openChannels(options, new StreamKeys(options));
  await channels.mount(app);
  mountLive(app, { onAir: new OnAir(), ended, store });
  return channels;
}

function openChannels(
  { database, streams, viewerSecret, nodeUrl, sign, clock, log }: Omit<WithoutRole, 'settings'>,
  keys: StreamKeys,
): LiveChannels {
  return new LiveChannels({
    ...{ streams, keys },
    bans: new LiveBanRepository(database, clock),
    deletions: new LiveDeletionRepository(database, clock),
    recordings: new BroadcastRepository(database, clock),
    secret: viewerSecret,
    ownUrl: nodeUrl,
    sign,
    clock,
    log: log.child({ part: 'channel' }),
  });
}
