import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { loadSettings } from '../../src/config/settings.ts';
import { Edge } from '../../src/edge/edge.ts';
import { edgeCredentialOf } from '../../src/kernel/access/edge-identity.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { newId } from '../../src/kernel/ids.ts';
import type { LiveOptions } from '../../src/kernel/live/live-stream.ts';
import { liveChannelPath } from '../../src/kernel/live/paths.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { freePort } from '../bench/ports.ts';
import { ChannelClient } from './channel-client.ts';
import { FeedProxy } from './feed-proxy.ts';
import { freshFolder } from './folder.ts';
import { type StreamBody, TestPublisher, type TestStream, testSource, waitFor } from './live.ts';
import type { PostgresServer } from './postgres.ts';
import { TestServer } from './server.ts';
import { StatementProxy } from './statement-proxy.ts';

const SECRET = 'a secret that all nodes of the fleet share';
/** A node that is silent for so long has lost its streams. */
export const LEASE_MS = 2_000;

/** One node: a process that may die and come back, at an address that stays. */
export class FleetNode {
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string>>;
  #server: TestServer | undefined;

  constructor(folder: string, environment: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#environment = environment;
  }

  get server(): TestServer {
    if (!this.#server) throw new Error('the node does not run');
    return this.#server;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#environment.FRONTROW_ORIGIN_PORT}`;
  }

  /** Where its spools lie, among other things. */
  get folder(): string {
    return this.#folder;
  }

  async start(): Promise<void> {
    const options = { folder: this.#folder, environment: this.#environment, roles: 'control,origin,live' };
    this.#server = await TestServer.start(options);
  }

  /** Nothing goes on in it, and its connections stay. */
  freeze(): void {
    process.kill(this.server.run.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.server.run.pid, 'SIGCONT');
  }

  async kill(): Promise<void> {
    await this.server.kill();
    this.#server = undefined;
  }

  async stop(): Promise<void> {
    if (this.#server) this.thaw();
    await this.#server?.stop();
    this.#server = undefined;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export interface RecordedRow {
  readonly rendition: string;
  readonly sequence: number;
  readonly session: number;
  readonly bytes: number;
  readonly gap: number;
}

/** Two nodes with control and live streams, on one database and one folder of media, and as many edges as are asked for. */
export class LiveFleet {
  readonly a: FleetNode;
  readonly b: FleetNode;
  /** By which other nodes reach A. */
  readonly line: FeedProxy;
  /** By which A reaches the database. */
  readonly statements: StatementProxy;
  readonly database: string;
  readonly #media: string;
  readonly #publishers: TestPublisher[] = [];
  readonly #viewers: ChannelClient[] = [];
  readonly #edges: { readonly edge: Edge; readonly folder: string }[] = [];

  private constructor(
    nodes: readonly [FleetNode, FleetNode],
    lines: readonly [FeedProxy, StatementProxy],
    database: string,
    media: string,
  ) {
    [this.a, this.b] = nodes;
    [this.line, this.statements] = lines;
    this.database = database;
    this.#media = media;
  }

  static async start(postgres: PostgresServer): Promise<LiveFleet> {
    const [database, media] = [await postgres.freshDatabase(), await freshFolder()];
    const shared = {
      FRONTROW_DATABASE_URL: database,
      FRONTROW_STORAGE: media,
      FRONTROW_EDGE_SECRET: SECRET,
      FRONTROW_API_TOKEN_SECRET: SECRET,
      FRONTROW_CONTENT_KEY_SECRET: SECRET,
      FRONTROW_LIVE_LEASE_MS: String(LEASE_MS),
    };
    const [port, otherPort] = [await freePort(), await freePort()];
    const line = await new FeedProxy(`http://127.0.0.1:${port}`).start();
    const statements = await StatementProxy.start(database);
    const a = {
      ...shared,
      FRONTROW_DATABASE_URL: statements.url,
      FRONTROW_ORIGIN_PORT: String(port),
      FRONTROW_LIVE_NODE_URL: line.url,
    };
    const b = { ...shared, FRONTROW_ORIGIN_PORT: String(otherPort) };
    const nodes = [new FleetNode(await freshFolder(), a), new FleetNode(await freshFolder(), b)] as const;
    const fleet = new LiveFleet(nodes, [line, statements], database, media);
    await Promise.all([fleet.a.start(), fleet.b.start()]);
    return fleet;
  }

  /** Edges ask origins in this order. */
  async addEdge(...nodes: readonly FleetNode[]): Promise<string> {
    const [first] = nodes;
    const folder = await freshFolder();
    const edge = new Edge({
      ...{ host: '127.0.0.1', port: 0, mode: 'film', clock: systemClock, log: silentLog, dataDir: folder },
      originUrls: nodes.map(({ origin }) => origin),
      controlUrl: first?.server.run.control ?? '',
      credential: edgeCredentialOf(SECRET, newId('ed')),
      about: { name: folder, version: '1' },
      settings: loadSettings({}, { edgeDiskBytes: 0 }),
    });
    this.#edges.push({ edge, folder });
    return (await edge.start()).url;
  }

  async createStream(options: Partial<LiveOptions> = {}): Promise<TestStream> {
    const body = { title: 'Test', policy: 'public', passthrough: 'never', ...options };
    const response = await this.b.server.api('POST', '/v1/live-streams', body);
    if (!response.ok) throw new Error(`no stream: ${response.status} ${await response.text()}`);
    const { streamId: id, streamKey } = (await response.json()) as { streamId: string; streamKey: string };
    return { id, streamKey };
  }

  publish(node: FleetNode, { streamKey }: TestStream): TestPublisher {
    const publisher = new TestPublisher(testSource(), `${node.server.run.rtmp}/${streamKey}`);
    this.#publishers.push(publisher);
    return publisher;
  }

  /** As an encoder does it: again and again until it is let in, and what it sends is there. */
  async publishUntil(node: FleetNode, stream: TestStream, isThere: () => Promise<boolean>): Promise<TestPublisher> {
    let publisher = this.publish(node, stream);
    return waitFor('a publisher to be let in', async () => {
      if (publisher.process.exitCode !== null) publisher = this.publish(node, stream);
      return (await isThere()) ? publisher : undefined;
    });
  }

  async stream({ id }: TestStream, node = this.b): Promise<StreamBody> {
    return (await (await node.server.api('GET', `/v1/live-streams/${id}`)).json()) as StreamBody;
  }

  untilStatus(stream: TestStream, status: StreamBody['status'], node = this.b): Promise<StreamBody> {
    return waitFor(`${stream.id} to be ${status}`, async () => {
      const body = await this.stream(stream, node);
      return body.status === status ? body : undefined;
    });
  }

  /** One who has been greeted, and hears everything usual. */
  async join(edge: string, { id }: TestStream): Promise<ChannelClient> {
    const viewer = new ChannelClient(`${edge}${liveChannelPath(id)}`);
    this.#viewers.push(viewer);
    await viewer.message('hello');
    viewer.say({ type: 'subscribe', events: true });
    await viewer.message('subscribed');
    return viewer;
  }

  async recordingOf(stream: TestStream): Promise<string> {
    return (await this.stream(stream)).broadcast?.recordingId ?? '';
  }

  async untilReady(recordingId: string): Promise<void> {
    await waitFor(`${recordingId} to be ready`, async () => {
      const asset = await (await this.b.server.api('GET', `/v1/assets/${recordingId}`)).json();
      return (asset as { status: string }).status === 'ready' || undefined;
    });
  }

  /** What the database says of a recording, in the order of numbers. */
  async rowsOf(recordingId: string): Promise<RecordedRow[]> {
    const client = new Client({ connectionString: this.database });
    await client.connect();
    try {
      const sql =
        'select rendition, sequence, session, bytes::int as bytes, gap from recording_segments where recording_id = $1 order by rendition, sequence';
      return (await client.query<RecordedRow>(sql, [recordingId])).rows;
    } finally {
      await client.end();
    }
  }

  /** What a part of the media folder holds. */
  mediaOf(recordingId: string): string {
    return join(this.#media, 'assets', recordingId);
  }

  async stop(): Promise<void> {
    for (const { socket } of this.#viewers) socket.terminate();
    for (const publisher of this.#publishers) await publisher.kill();
    for (const { edge, folder } of this.#edges) {
      await edge.stop();
      await rm(folder, { recursive: true, force: true });
    }
    await Promise.all([this.a.stop(), this.b.stop()]);
    await Promise.all([this.line.stop(), this.statements.stop()]);
    await rm(this.#media, { recursive: true, force: true });
  }
}

export const PLAYLIST = 'b1/180p/index.m3u8';

const LISTED = /(?<gap>#EXT-X-GAP\n)?#EXTINF:[^\n]*\n(?<uri>(?<session>\d+)\/s(?<sequence>\d+)\.m4s)/g;

/** Which session each segment of a playlist is of, by its number; or that it is missing. */
export function listedSessions(playlist: string): (number | 'gap')[] {
  const sessions: (number | 'gap')[] = [];
  for (const { groups } of playlist.matchAll(LISTED))
    sessions[Number(groups?.sequence)] = groups?.gap ? 'gap' : Number(groups?.session);
  return sessions;
}

/** A playlist at an edge, when it is there and satisfies the question. */
export function untilListed(edge: string, { id }: TestStream, satisfied = (_text: string) => true): Promise<string> {
  return waitFor(`the playlist of ${id}`, async () => {
    const response = await fetch(`${edge}/live/${id}/${PLAYLIST}`);
    const text = await response.text();
    return response.ok && satisfied(text) ? text : undefined;
  });
}

/** How an edge answers for every segment of a playlist, and for the init segments. */
export async function fetchListed(edge: string, { id }: TestStream, playlist: string): Promise<Set<number>> {
  const segments = [...playlist.matchAll(LISTED)].flatMap(({ groups }) => (groups?.gap ? [] : [groups?.uri]));
  const inits = [...playlist.matchAll(/#EXT-X-MAP:URI="([^"]+)"/g)].map(([, uri]) => uri);
  const folder = `${edge}/live/${id}/b1/180p`;
  const answers = await Promise.all([...segments, ...inits].map((uri) => fetch(`${folder}/${uri}`)));
  return new Set(answers.map(({ status }) => status));
}
