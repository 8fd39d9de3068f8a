import { Type } from '@fastify/type-provider-typebox';
import type { Static } from 'typebox';
import { MAX_BAN_SECONDS, MAX_METADATA_BYTES, MAX_SLOW_SECONDS } from '../../kernel/live/commands.ts';
import { HEALTH_PROBLEMS } from '../../kernel/live/health.ts';
import { END_REASONS, PASSTHROUGHS } from '../../kernel/live/live-stream.ts';
import { Policy, Title } from '../schemas.ts';

const timeOf = (description: string) => Type.String({ format: 'date-time', description });
const DAY_SECONDS = 86_400;
const NextCursor = Type.Union([Type.String(), Type.Null()], {
  description: 'For the next page, as `cursor`; null after the last.',
});

const DvrSeconds = Type.Union([Type.Integer({ minimum: 6, maximum: 7 * DAY_SECONDS }), Type.Null()], {
  description: 'How far back viewers may go while it is live; null for all of the broadcast.',
});
const ReconnectSeconds = Type.Integer({
  minimum: 0,
  maximum: 3_600,
  description: 'How long a publisher that was lost may take to come back before the broadcast ends.',
});
const IsRecorded = Type.Boolean({ description: 'Whether each broadcast becomes an asset.' });
const LadderName = Type.String({
  minLength: 1,
  maxLength: 32,
  description: "The name of one of the server's ladders. Left out: the server's default.",
});
const Passthrough = Type.Enum([...PASSTHROUGHS], {
  description:
    "Whether the top rung may be the publisher's own packets, where these allow it. `auto`: once a source has shown that its key frames are regular. `always`: from the first packet on; a source that does not keep to it is encoded, and is told as the problem `passthrough`.",
});
const IsDisabled = Type.Boolean({ description: 'A disabled stream lets nobody publish.' });
const IsOpen = Type.Boolean({ description: 'Whether viewers may say something.' });
const SlowSeconds = Type.Integer({
  minimum: 0,
  maximum: MAX_SLOW_SECONDS,
  description: 'Each viewer may say something once in so many seconds.',
});
const ChatWish = Type.Object(
  { isOpen: Type.Optional(IsOpen), slowSeconds: Type.Optional(SlowSeconds) },
  { additionalProperties: false, description: 'Who may say what in the channel. What is left out stays as it is.' },
);
const optional = {
  policy: Type.Optional(Policy),
  dvrSeconds: Type.Optional(DvrSeconds),
  reconnectSeconds: Type.Optional(ReconnectSeconds),
  isRecorded: Type.Optional(IsRecorded),
  ladder: Type.Optional(LadderName),
  passthrough: Type.Optional(Passthrough),
  chat: Type.Optional(ChatWish),
};

export const NewLiveStreamBody = Type.Object(
  { title: Type.Optional(Title), ...optional },
  { title: 'NewLiveStream', examples: [{ title: 'Harbour', policy: 'public' }], additionalProperties: false },
);
export type NewLiveStreamBody = Static<typeof NewLiveStreamBody>;

export const LiveStreamChangeBody = Type.Object(
  {
    title: Type.Optional(Title),
    isDisabled: Type.Optional(IsDisabled),
    ...optional,
  },
  { title: 'LiveStreamChange', examples: [{ title: 'Harbour' }], additionalProperties: false, minProperties: 1 },
);
export type LiveStreamChangeBody = Static<typeof LiveStreamChangeBody>;

export const BroadcastSchema = Type.Object(
  {
    number: Type.Integer({ description: 'From 1 in each stream.' }),
    startedAt: timeOf('When it went live.'),
    endedAt: Type.Optional(timeOf('Absent while it is under way.')),
    endReason: Type.Optional(
      Type.Enum([...END_REASONS], {
        description:
          '`finished`: its publisher said goodbye and did not come back in time. `lost`: it went without a word and did not. `requested`: by the API. `deleted`, `disabled`: its stream was. `interrupted`: the server that had it went down, and nobody came back.',
      }),
    ),
    recordingId: Type.Optional(Type.String({ description: 'The asset that it becomes, where it is recorded.' })),
  },
  { title: 'Broadcast' },
);
export type BroadcastBody = Static<typeof BroadcastSchema>;

const Problems = Type.Array(Type.Enum([...HEALTH_PROBLEMS]), {
  description:
    'What is wrong: the `frame-rate` or the `bitrate` fell, `key-frames` are too far apart, sound and picture `drift` apart, this server is in `overload`, or the top rung is encoded though `passthrough` says always.',
});

const HealthSchema = Type.Object(
  {
    bitrateBps: Type.Number({ description: 'Of everything that arrives.' }),
    framesPerSecond: Type.Number({ description: 'Pictures that arrive a second.' }),
    keyFrameSeconds: Type.Number({ description: 'Between the last key frames.' }),
    driftMs: Type.Number({ description: 'Sound ahead of the picture is positive.' }),
    speed: Type.Number({ description: 'How much faster than it comes in it is encoded; under 1 it falls behind.' }),
    droppedFrames: Type.Integer({ description: 'Pictures that were left out since they came too fast to be encoded.' }),
    problems: Problems,
  },
  { title: 'IngestHealth', description: 'How the source was doing about a second ago.' },
);

const IngestSchema = Type.Object(
  {
    rtmp: Type.Optional(Type.String({ description: 'The server of an encoder; the stream key goes behind it.' })),
    rtmps: Type.Optional(Type.String({ description: 'The same inside TLS, so that nobody on the way reads the key.' })),
    srt: Type.Optional(Type.String({ description: 'The stream key goes with it as `streamid`.' })),
    websocket: Type.Optional(Type.String({ description: 'For pages that send what MediaRecorder makes.' })),
    whip: Type.Optional(Type.String({ description: 'The stream key is the bearer token.' })),
  },
  { description: 'Where to publish. Absent are doors that are not open on this server.' },
);
export type IngestBody = Static<typeof IngestSchema>;

export const LiveStreamSchema = Type.Object(
  {
    streamId: Type.String({ description: 'Such as `ls_k3v9mn2p4q7r8s5t`.' }),
    title: Type.String({ description: 'What viewers and lists call it.' }),
    policy: Policy,
    status: Type.Enum(['idle', 'live', 'reconnecting'], {
      description: 'Reconnecting: the publisher is gone and may still come back.',
    }),
    isDisabled: IsDisabled,
    streamKey: Type.Optional(
      Type.String({
        description: 'Whoever has it may publish. Only for who may change live streams, and not in lists.',
      }),
    ),
    ingest: IngestSchema,
    playbackUrl: Type.String({ description: 'The HLS multivariant playlist.' }),
    channelUrl: Type.String({ description: 'The WebSocket of events, chat and media.' }),
    dvrSeconds: DvrSeconds,
    reconnectSeconds: ReconnectSeconds,
    isRecorded: IsRecorded,
    ladder: Type.String({ description: 'The name of the ladder that its broadcasts are encoded by.' }),
    passthrough: Passthrough,
    chat: Type.Object(
      { isOpen: IsOpen, slowSeconds: SlowSeconds },
      { description: 'Who may say what in the channel.' },
    ),
    broadcast: Type.Optional(BroadcastSchema),
    health: Type.Optional(HealthSchema),
    createdAt: timeOf('When it was made.'),
    updatedAt: timeOf('When it was last changed through the API.'),
  },
  { title: 'LiveStream', description: '`broadcast` is the last one, which is under way until it has an end.' },
);
export type LiveStreamBody = Static<typeof LiveStreamSchema>;

export const LiveStreamPage = Type.Object(
  { items: Type.Array(LiveStreamSchema), nextCursor: NextCursor },
  { title: 'LiveStreamPage' },
);

export const BroadcastPage = Type.Object(
  { items: Type.Array(BroadcastSchema), nextCursor: NextCursor },
  { title: 'BroadcastPage' },
);

export const NewMetadata = Type.Object(
  {
    data: Type.Unknown({ description: `Any JSON of at most ${MAX_METADATA_BYTES} bytes; viewers get it as it is.` }),
  },
  { title: 'NewMetadata', examples: [{ data: { score: [2, 1] } }], additionalProperties: false },
);

export const MetadataSchema = Type.Object(
  { metadataId: Type.String({ description: 'The `id` of the event in the channel, and the `ID` of the date range.' }) },
  { title: 'Metadata' },
);

export const AuthorId = Type.String({
  pattern: '^[\\w-]{1,64}$',
  description: 'The `author.id` of what somebody said.',
});

export const NewChatBan = Type.Object(
  {
    authorId: AuthorId,
    seconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_BAN_SECONDS,
        description: 'Left out: until it is taken back.',
      }),
    ),
  },
  { title: 'NewChatBan', examples: [{ authorId: 'v_3k9f', seconds: 600 }], additionalProperties: false },
);

export const ChatBanSchema = Type.Object({ authorId: AuthorId }, { title: 'ChatBan' });
