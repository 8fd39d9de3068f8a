import websocket, { type WebSocket } from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { PublicRecording } from '../../database/broadcasts.ts';
import type { LiveBan } from '../../database/live-bans.ts';
import type { LiveStream } from '../../database/live-stream-rows.ts';
import type { SteadyClock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/errors.ts';
import { isId } from '../../kernel/ids.ts';
import { channelRecording } from '../../kernel/live/channel.ts';
import { PASSED_ON_HEADER, parseFromEdge } from '../../kernel/live/channel-link.ts';
import type { ChatOptions } from '../../kernel/live/live-stream.ts';
import { liveChannelPath } from '../../kernel/live/paths.ts';
import type { Log } from '../../kernel/log.ts';
import type { ChannelFeed } from '../seams.ts';
import type { StreamKeys } from '../stream-keys.ts';
import { ChannelActor } from './channel-actor.ts';
import { EdgeLink } from './edge-link.ts';
import { passOn } from './pass-on.ts';
import { StreamFeed } from './stream-feed.ts';

export interface LiveChannelsOptions {
  readonly streams: {
    find(streamId: string): Promise<LiveStream | undefined>;
  };
  readonly keys: Pick<StreamKeys, 'open'>;
  readonly bans: {
    list(streamId: string): Promise<readonly LiveBan[]>;
    add(streamId: string, ban: LiveBan): Promise<void>;
    remove(streamId: string, authorId: string): Promise<void>;
  };
  readonly deletions: {
    list(streamId: string): Promise<readonly string[]>;
    add(streamId: string, messageId: string): Promise<void>;
  };
  readonly recordings: { publicRecording(streamId: string): Promise<PublicRecording | undefined> };
  /** Under which addresses of viewers become names. */
  readonly secret: string;
  /** The origin of this node, as it stands with the streams that it has; asked when it is known. */
  readonly ownUrl: () => string | undefined;
  /** What proves to another node's origin that one of the fleet asks. */
  readonly sign: (method: string, target: string) => Readonly<Record<string, string>>;
  readonly clock: SteadyClock;
  readonly log: Log;
}

const BEAT_MS = 1_000;
/** How often channels without a broadcast are looked up: whether the stream is still there, and nowhere else. */
const LOOK_BEATS = 2;
/** Edges say every two seconds that they are there. */
const SILENCE_MS = 10_000;
/** A message of an edge is one of a viewer, or a list of renditions. */
const MAX_MESSAGE_BYTES = 65_536;

interface OpenChannel {
  readonly actor: ChannelActor;
  /** Undefined when it could not be: who comes next has it tried again. */
  isLoaded: Promise<void> | undefined;
}

/** The channels of the streams that are here, and of those that are nowhere but have viewers who wait. */
export class LiveChannels {
  readonly #options: LiveChannelsOptions;
  readonly #open = new Map<string, OpenChannel>();
  readonly #heardAt = new Map<EdgeLink, number>();
  #beats = 0;
  #isLooking = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LiveChannelsOptions) {
    this.#options = options;
  }

  /** Where a broadcast of this stream, whose node this is, tells its news. There is one, whatever becomes of its chat. */
  async open(streamId: string): Promise<ChannelFeed> {
    await this.#loaded(streamId, this.#channel(streamId)).catch(() => {});
    return new StreamFeed(() => this.#channel(streamId).actor);
  }

  /** `GET /live/{streamId}/channel` for edges, on the listener of this node's origin, whose signature check comes first. */
  async mount(origin: FastifyInstance): Promise<void> {
    await origin.register(websocket, { options: { maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false } });
    await origin.register(async (app) => {
      const found = new WeakMap<FastifyRequest, LiveStream>();
      app.route<{ Params: { streamId: string } }>({
        method: 'GET',
        url: liveChannelPath(':streamId'),
        preHandler: async (request) => {
          const { streamId } = request.params;
          const stream = isId(streamId, 'ls') ? await this.#options.streams.find(streamId) : undefined;
          if (!stream) throw new Fault('NOT_FOUND');
          found.set(request, stream);
        },
        handler: async () => {
          throw new Fault('CHANNEL_PROTOCOL_MISSING');
        },
        wsHandler: (socket, request) => {
          const stream = found.get(request);
          if (stream) this.#receive(socket, stream, request.headers[PASSED_ON_HEADER] !== undefined);
        },
      });
    });
    this.#timer ??= setInterval(() => void this.#beat(), BEAT_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    for (const { actor } of this.#open.values()) actor.close(1001);
    this.#open.clear();
  }

  /** The stream is another node's: edges come again, and are led there. */
  leave(streamId: string): void {
    this.#open.get(streamId)?.actor.close(1012);
    this.#open.delete(streamId);
  }

  /** Of the very moment that is being published. @throws Fault LIVE_STREAM_IDLE where nothing is */
  async tellMetadata(streamId: string, id: string, data: unknown): Promise<void> {
    const actor = this.#open.get(streamId)?.actor;
    if (!actor || actor.isIdle) throw new Fault('LIVE_STREAM_IDLE');
    actor.tellMetadata(id, data);
  }

  /** While nothing is broadcast, viewers may wait at several nodes: those that were told nothing find it out. */
  async deleteMessage(streamId: string, messageId: string): Promise<void> {
    const actor = this.#open.get(streamId)?.actor;
    if (actor?.isIdle !== false) await this.#options.deletions.add(streamId, messageId);
    actor?.deleteMessage(messageId);
  }

  /** Holds in later broadcasts too, and after a restart. */
  async ban(streamId: string, authorId: string, seconds?: number): Promise<void> {
    const until = seconds === undefined ? {} : { untilMs: this.#options.clock.now() + seconds * 1_000 };
    await this.#options.bans.add(streamId, { authorId, ...until });
    (await this.#settled(streamId))?.desk.ban(authorId, until.untilMs);
  }

  async unban(streamId: string, authorId: string): Promise<void> {
    await this.#options.bans.remove(streamId, authorId);
    (await this.#settled(streamId))?.desk.unban(authorId);
  }

  /** The recording of the stream's broadcast may be `ready`. */
  async tellRecording(streamId: string): Promise<void> {
    const actor = this.#open.get(streamId)?.actor;
    if (!actor) return;
    await this.#keepRecording(streamId, actor).catch((cause: unknown) => {
      this.#options.log.warn({ streamId, err: cause }, 'the recording of a broadcast could not be looked up');
    });
  }

  async setChat(streamId: string, chat: ChatOptions): Promise<void> {
    (await this.#settled(streamId))?.setChat(chat);
  }

  /** What is being read for a channel may be from before what is said now, which is to hold. */
  async #settled(streamId: string): Promise<ChannelActor | undefined> {
    await this.#open.get(streamId)?.isLoaded?.catch(() => {});
    return this.#open.get(streamId)?.actor;
  }

  #receive(socket: WebSocket, stream: LiveStream, isPassedOn: boolean): void {
    const { ownUrl, sign, clock, log } = this.#options;
    const { id, nodeUrl, ownedUntilMs = 0, state } = stream;
    const isHere = this.#open.get(id)?.actor.isIdle === false;
    socket.on('error', (cause) => log.debug({ streamId: id, err: cause }, 'channel link of an edge failed'));
    if (!isHere && nodeUrl !== undefined && nodeUrl !== ownUrl() && ownedUntilMs > clock.now() && !isPassedOn) {
      const path = liveChannelPath(id);
      const url = new URL(path, nodeUrl);
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
      passOn(socket, url, sign('GET', path));
      return;
    }
    // Whoever were attached here would hear that nothing is under way.
    if (!isHere && state !== 'idle') socket.close(1013);
    else this.#attach(socket, id);
  }

  /** What comes while the channel is being opened waits for it, in order. */
  #attach(socket: WebSocket, streamId: string): void {
    const link = new EdgeLink(socket);
    const heard = () => this.#heardAt.set(link, performance.now());
    heard();
    const channel = this.#channel(streamId);
    const { actor } = channel;
    const isLoaded = this.#loaded(streamId, channel);
    actor.join(link);
    isLoaded.catch(() => socket.close(1011));
    socket.on('ping', heard);
    socket.on('message', (data, isBinary) => {
      heard();
      const message = isBinary ? undefined : parseFromEdge(data.toString());
      if (message) isLoaded.then(() => actor.take(link, message)).catch(() => {});
    });
    socket.on('close', () => {
      this.#heardAt.delete(link);
      actor.leave(link);
    });
  }

  #channel(streamId: string): OpenChannel {
    const known = this.#open.get(streamId);
    if (known) return known;
    const { keys, secret, clock } = this.#options;
    const opened = { actor: new ChannelActor({ streamId, secret, clock, keys }), isLoaded: undefined };
    this.#open.set(streamId, opened);
    return opened;
  }

  /** A database that was away for a moment must not cost a broadcast its channel. */
  #loaded(streamId: string, channel: OpenChannel): Promise<void> {
    channel.isLoaded ??= this.#load(streamId, channel.actor).catch((cause: unknown) => {
      channel.isLoaded = undefined;
      this.#options.log.error({ streamId, err: cause }, 'chat of a channel could not be set up');
      throw cause;
    });
    return channel.isLoaded;
  }

  /** How the chat is set, who may not take part in it, and what there is to play in place of a broadcast. */
  async #load(streamId: string, actor: ChannelActor): Promise<void> {
    const [stream] = await Promise.all([
      this.#options.streams.find(streamId),
      this.#keepBans(streamId, actor),
      this.#keepRecording(streamId, actor),
    ]);
    if (stream) actor.desk.options = stream.options.chat;
  }

  async #keepBans(streamId: string, { desk }: ChannelActor): Promise<void> {
    desk.banned = await this.#options.bans.list(streamId);
  }

  async #keepRecording(streamId: string, actor: ChannelActor): Promise<void> {
    const found = await this.#options.recordings.publicRecording(streamId);
    actor.recorded(found ? channelRecording(found.recordingId, found.isReady) : null);
  }

  async #beat(): Promise<void> {
    this.#beats += 1;
    const silentSince = performance.now() - SILENCE_MS;
    for (const [link, heardAt] of this.#heardAt) if (heardAt < silentSince) link.drop();
    for (const { actor } of this.#open.values()) actor.beat();
    if (this.#beats % LOOK_BEATS === 0) await this.#lookAll();
  }

  /** One after the other, and one round after the other: a slow database is not asked more. */
  async #lookAll(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    for (const [streamId, { actor }] of [...this.#open]) if (actor.isIdle) await this.#look(streamId, actor);
    this.#isLooking = false;
  }

  /** No node is told of changes to a stream that none has, or another one is. */
  #keepChat(actor: ChannelActor, chat: ChatOptions): void {
    const { isOpen, slowSeconds } = actor.desk.options;
    if (isOpen !== chat.isOpen || slowSeconds !== chat.slowSeconds) actor.setChat(chat);
  }

  /** A channel without a broadcast is let go when its stream is elsewhere or gone, or nobody waits in it. */
  async #look(streamId: string, actor: ChannelActor): Promise<void> {
    const { streams, ownUrl, clock, log } = this.#options;
    try {
      const stream = await streams.find(streamId);
      const isElsewhere =
        stream?.nodeUrl !== undefined && stream.nodeUrl !== ownUrl() && (stream.ownedUntilMs ?? 0) > clock.now();
      if (stream && !isElsewhere && actor.links.size > 0) {
        this.#keepChat(actor, stream.options.chat);
        await this.#keepBans(streamId, actor);
        actor.takeBack(await this.#options.deletions.list(streamId));
        // Whose end the database has not heard of yet says itself what there is of it.
        if (stream.state === 'idle') await this.#keepRecording(streamId, actor);
        return;
      }
      // A broadcast may have begun here meanwhile, or the channel have been let go for another.
      if (!actor.isIdle || this.#open.get(streamId)?.actor !== actor) return;
      this.#open.delete(streamId);
      actor.close(stream ? 1012 : 4004);
    } catch (cause) {
      log.warn({ streamId, err: cause }, 'stream of a channel could not be looked up');
    }
  }
}
