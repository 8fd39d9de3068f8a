import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Settings } from '../../src/config/settings.ts';
import type { PublicRecording } from '../../src/database/broadcasts.ts';
import type { LiveBan } from '../../src/database/live-bans.ts';
import type { LiveStream } from '../../src/database/live-stream-rows.ts';
import { edgeCredentialOf, signAsEdge, verifyEdge } from '../../src/kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../src/kernel/access/edge-signature.ts';
import type { SteadyClock } from '../../src/kernel/clock.ts';
import { Fault } from '../../src/kernel/errors.ts';
import type { ChatOptions } from '../../src/kernel/live/live-stream.ts';
import { liveChannelPath } from '../../src/kernel/live/paths.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { LiveChannels } from '../../src/live/channel/live-channels.ts';
import { StreamKeys } from '../../src/live/stream-keys.ts';
import { ChannelClient, type ClientOptions } from './channel-client.ts';
import { EDGE_ID, EdgeScenario, FLEET_SECRET, HandClock } from './edge-scenario.ts';
import { FeedProxy } from './feed-proxy.ts';
import { CONFIG } from './film-edge.ts';
import { MadeUpBroadcast } from './made-up-broadcast.ts';

export const STREAM = 'ls_abcdefghjkmnpqrs';
export const STREAM_KEY = 'lsk_abcdefghjkmnpqrstvwxyzabcd';

/** A node with one stream, as its origin shows its channel to edges. */
export class ChannelNode {
  readonly channels: LiveChannels;
  readonly app: FastifyInstance = Fastify({ logger: false, forceCloseConnections: true });
  readonly bans: LiveBan[] = [];
  readonly deletions: string[] = [];
  /** What becomes of looking into the database for bans. */
  lookUp = async (): Promise<void> => {};
  stream: LiveStream | undefined;
  recording: PublicRecording | undefined;
  url = '';

  constructor(policy: LiveStream['policy'], clock: SteadyClock, edgeSecret = FLEET_SECRET) {
    const chat = { isOpen: true, slowSeconds: 0 };
    this.stream = {
      ...{ id: STREAM, title: 'Live', policy, isDisabled: false, state: 'idle', broadcast: 0, isRegular: false },
      options: { reconnectSeconds: 30, isRecorded: true, ladder: 'live', passthrough: 'auto', chat },
      ...{ createdAtMs: 0, updatedAtMs: 0 },
    };
    this.channels = new LiveChannels({
      streams: { find: async (id) => (id === STREAM ? this.stream : undefined) },
      keys: new StreamKeys({
        streams: { findByKey: async (key) => (key === STREAM_KEY ? this.stream : undefined) },
        settings: { trustedProxies: '' },
        count: () => {},
        log: silentLog,
      }),
      bans: {
        list: async () => {
          await this.lookUp();
          return this.bans;
        },
        add: async (_, ban) => void this.bans.push(ban),
        remove: async () => void this.bans.splice(0),
      },
      deletions: {
        list: async () => this.deletions,
        add: async (_, id) => void this.deletions.push(id),
      },
      recordings: { publicRecording: async () => this.recording },
      secret: 'a secret of the node',
      ownUrl: () => this.url,
      sign: (method, target) => ({
        [EDGE_SIGNATURE_HEADER]: signAsEdge(edgeCredentialOf(edgeSecret, EDGE_ID), method, target, clock.now()),
      }),
      clock,
      log: silentLog,
    });
    this.app.addHook('onRequest', async ({ raw: { method = '', url = '', headers } }) => {
      const signature = String(headers[EDGE_SIGNATURE_HEADER]);
      if (!verifyEdge(edgeSecret, method, url, signature, clock.now())) throw new Fault('EDGE_SIGNATURE_INVALID');
    });
    this.app.setErrorHandler((thrown, _, reply) => reply.code(Fault.from(thrown).status).send());
    this.app.get('/access/*', async () => ({ policy: this.stream?.policy }));
  }

  async start(): Promise<this> {
    await this.channels.mount(this.app);
    this.url = await this.app.listen({ host: '127.0.0.1', port: 0 });
    return this;
  }

  async broadcast(partBytes?: number | Readonly<Record<string, number>>): Promise<MadeUpBroadcast> {
    return new MadeUpBroadcast(await this.channels.open(STREAM), partBytes);
  }

  /** As control does it. */
  async setChat(chat: ChatOptions): Promise<void> {
    if (this.stream) this.stream = { ...this.stream, options: { ...this.stream.options, chat } };
    await this.channels.setChat(STREAM, chat);
  }

  async stop(): Promise<void> {
    await this.channels.stop();
    await this.app.close();
  }
}

interface ChannelScenarioOptions {
  readonly policy?: LiveStream['policy'];
  readonly settings?: Partial<Settings>;
}

/** A node, an edge before it with a line between them that can be cut, and viewers. */
export class ChannelScenario {
  readonly clock = new HandClock();
  readonly node: ChannelNode;
  readonly #options: ChannelScenarioOptions;
  readonly #clients: ChannelClient[] = [];
  #parts: { line: FeedProxy; s: EdgeScenario; folder: string } | undefined;

  constructor(options: ChannelScenarioOptions = {}) {
    this.#options = options;
    this.node = new ChannelNode(options.policy ?? 'public', this.clock);
  }

  get line(): FeedProxy {
    return this.#started.line;
  }

  get s(): EdgeScenario {
    return this.#started.s;
  }

  async start(): Promise<this> {
    await this.node.start();
    const line = await new FeedProxy(this.node.url).start();
    const folder = await mkdtemp(join(tmpdir(), 'frontrow-channel-'));
    await writeFile(join(folder, 'edge-config.json'), JSON.stringify(CONFIG));
    const { settings = {} } = this.#options;
    const place = { mode: 'film' as const, clock: this.clock, dataDir: folder, originUrl: line.url };
    this.#parts = { line, s: new EdgeScenario({ ...place, settings }), folder };
    await this.s.start();
    return this;
  }

  /** Joins, with what stands behind the path in the URL. */
  join(behind = '', headers: Readonly<Record<string, string>> = {}, protocols?: string[]): ChannelClient {
    return this.joinAt(`${liveChannelPath(STREAM)}${behind}`, headers, { protocols });
  }

  joinAt(target: string, headers: Readonly<Record<string, string>> = {}, options: ClientOptions = {}): ChannelClient {
    const client = new ChannelClient(`${this.s.url}${target}`, headers, options);
    this.#clients.push(client);
    return client;
  }

  /** One who has been greeted and hears of everything usual. */
  async listener(behind = ''): Promise<ChannelClient> {
    const client = this.join(behind);
    await client.message('hello');
    client.say({ type: 'subscribe', events: true });
    await client.message('subscribed');
    return client;
  }

  async stop(): Promise<void> {
    for (const { socket } of this.#clients) socket.terminate();
    await this.s.stop();
    await this.node.stop();
    await this.line.stop();
    await rm(this.#started.folder, { recursive: true, force: true });
  }

  get #started(): { line: FeedProxy; s: EdgeScenario; folder: string } {
    if (!this.#parts) throw new Error('the scenario has not been started');
    return this.#parts;
  }
}
