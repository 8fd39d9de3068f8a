import type { Command } from './command.ts';
import { findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import { tableLines } from './terminal.ts';

/** A live stream as the API tells it; only what is shown here. */
interface LiveStream {
  readonly streamId: string;
  readonly title: string;
  readonly policy: 'public' | 'signed';
  readonly status: 'idle' | 'live' | 'reconnecting';
  readonly isDisabled: boolean;
  readonly streamKey?: string;
  readonly ingest: Readonly<Record<string, string>>;
  readonly playbackUrl: string;
  readonly channelUrl: string;
  readonly createdAt: string;
  readonly broadcast?: {
    readonly number: number;
    readonly startedAt: string;
    readonly endedAt?: string;
    readonly endReason?: string;
    readonly recordingId?: string;
  };
  readonly health?: {
    readonly bitrateBps: number;
    readonly framesPerSecond: number;
    readonly speed: number;
    readonly problems: readonly string[];
  };
}

interface LiveStreamPage {
  readonly items: readonly LiveStream[];
  readonly nextCursor: string | null;
}

const OPTIONS = [...SERVER_OPTIONS, JSON_OPTION];
const ID = { name: '<streamId>', says: 'such as ls_k3v9…' };
const DAYS_7 = 604_800;

const create: Command = {
  name: 'create',
  says: 'make a live stream, and show its key and where to publish',
  options: [
    { flags: '--title <text>', says: 'what viewers and lists call it' },
    { flags: '--policy <policy>', says: 'who may watch (default public)', choices: ['public', 'signed'] },
    { flags: '--dvr <seconds>', says: 'how far back viewers may go (default: all of the broadcast)' },
    { flags: '--reconnect <seconds>', says: 'how long a lost publisher may take to come back (default 60)' },
    { flags: '--ladder <name>', says: "one of the server's ladders (default: the server's)" },
    {
      flags: '--passthrough <when>',
      says: "whether the top rung may be the publisher's own packets (default auto: once it has shown regular key frames)",
      choices: ['auto', 'always', 'never'],
    },
    { flags: '--no-recording', says: 'keep nothing when a broadcast ends' },
    ...OPTIONS,
  ],
  async run(given, terminal) {
    const wish = {
      title: given.text('title'),
      policy: given.text('policy'),
      dvrSeconds: given.integer('dvr', 6, DAYS_7),
      reconnectSeconds: given.integer('reconnect', 0, 3_600),
      ladder: given.text('ladder'),
      passthrough: given.text('passthrough'),
      ...(given.has('recording') ? {} : { isRecorded: false }),
    };
    const api = await findServer(given);
    const stream = await api.call<LiveStream>('POST', '/v1/live-streams', wish);
    terminal.answer(stream, streamLines(stream));
    terminal.note('Whoever has the stream key may publish: keep it to yourself.');
  },
};

const list: Command = {
  name: 'list',
  says: 'list live streams, newest first',
  options: [{ flags: '--limit <n>', says: 'how many at most (default 50)' }, ...OPTIONS],
  async run(given, terminal) {
    const limit = given.integer('limit', 1, 100_000) ?? 50;
    const api = await findServer(given);
    const items: LiveStream[] = [];
    let cursor: string | null = '';
    while (cursor !== null && items.length < limit) {
      const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const path = `/v1/live-streams?limit=${Math.min(limit - items.length, 100)}${after}`;
      const page: LiveStreamPage = await api.call('GET', path);
      items.push(...page.items);
      cursor = page.nextCursor;
    }
    const rows = items.map((each) => [each.streamId, stateOf(each), each.policy, each.createdAt, each.title]);
    terminal.answer(
      { items, nextCursor: cursor },
      tableLines(['STREAM', 'STATUS', 'POLICY', 'CREATED', 'TITLE'], rows),
    );
  },
};

const show: Command = {
  name: 'show',
  says: 'show one live stream with its key, its last broadcast and the health of its source',
  takes: [ID],
  options: OPTIONS,
  async run(given, terminal) {
    const api = await findServer(given);
    const stream = await api.call<LiveStream>('GET', pathOf(given.argument('streamId')));
    terminal.answer(stream, streamLines(stream));
  },
};

const end: Command = {
  name: 'end',
  says: 'end the broadcast under way, which is a film then; the stream can go live again',
  takes: [ID],
  options: OPTIONS,
  async run(given, terminal) {
    const api = await findServer(given);
    const stream = await api.call<LiveStream>('POST', `${pathOf(given.argument('streamId'))}/end`);
    const { broadcast } = stream;
    const recording = broadcast?.recordingId === undefined ? '' : ` Its recording is ${broadcast.recordingId}.`;
    terminal.answer(stream, [`Broadcast ${broadcast?.number} of ${stream.streamId} is over.${recording}`]);
  },
};

const key: Command = {
  name: 'key',
  says: 'make a new stream key; the old one stops at once, and who came in by it is sent away',
  takes: [ID],
  options: OPTIONS,
  async run(given, terminal) {
    const api = await findServer(given);
    const stream = await api.call<LiveStream>('POST', `${pathOf(given.argument('streamId'))}/stream-key`);
    terminal.answer(stream, streamLines(stream));
  },
};

const remove: Command = {
  name: 'delete',
  says: 'delete a live stream; what was recorded stays',
  takes: [ID],
  options: OPTIONS,
  async run(given, terminal) {
    const streamId = given.argument('streamId');
    const api = await findServer(given);
    await api.call('DELETE', pathOf(streamId));
    terminal.answer({ streamId, deleted: true }, [`${streamId} is deleted.`]);
  },
};

export const live: Command = {
  name: 'live',
  says: 'make, list, show and end live streams',
  children: [create, list, show, end, key, remove],
};

function streamLines(stream: LiveStream): string[] {
  const { streamId, title, policy, streamKey, ingest, playbackUrl, channelUrl, health } = stream;
  return tableLines(
    ['STREAM', streamId],
    [
      ['TITLE', title],
      ['POLICY', policy],
      ['STATUS', stateOf(stream)],
      ...(streamKey === undefined ? [] : [['STREAM KEY', streamKey]]),
      ...Object.entries(ingest).map(([door, url]) => [
        door.toUpperCase(),
        door === 'srt' ? withKey(url, streamKey) : url,
      ]),
      ['PLAYS AT', playbackUrl],
      ['CHANNEL', channelUrl],
      ...(stream.broadcast ? [['BROADCAST', broadcastLine(stream.broadcast)]] : []),
      ...(health ? [['SOURCE', healthLine(health)]] : []),
    ],
  );
}

/** SRT has no field for a key: who copies this line can publish. */
function withKey(url: string, streamKey: string | undefined): string {
  return streamKey === undefined ? url : `${url}?streamid=${streamKey}`;
}

function stateOf({ isDisabled, status }: LiveStream): string {
  return isDisabled ? 'disabled' : status;
}

function broadcastLine(broadcast: NonNullable<LiveStream['broadcast']>): string {
  const { number, startedAt, endedAt, endReason, recordingId } = broadcast;
  const ended = endedAt === undefined ? 'under way' : `to ${endedAt} (${endReason})`;
  return `${number}, from ${startedAt}, ${ended}${recordingId === undefined ? '' : `, recorded as ${recordingId}`}`;
}

function healthLine({ bitrateBps, framesPerSecond, speed, problems }: NonNullable<LiveStream['health']>): string {
  const figures = `${(bitrateBps / 1e6).toFixed(1)} Mbit/s, ${framesPerSecond.toFixed(1)} pictures a second`;
  const speeds = `encoded at ${speed.toFixed(2)} × real time`;
  return `${figures}, ${speeds}${problems.length === 0 ? '' : `; trouble with ${problems.join(', ')}`}`;
}

function pathOf(streamId: string): string {
  return `/v1/live-streams/${encodeURIComponent(streamId)}`;
}
