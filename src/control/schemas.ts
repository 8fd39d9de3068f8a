import { Type } from '@fastify/type-provider-typebox';
import type { Static } from 'typebox';
import { LOUDNESS_LUFS } from '../kernel/loudness.ts';

/** The bodies of the public API. One declaration gives the types, the checks and the pages at `/docs`. */

const Time = Type.String({ format: 'date-time' });

export const Policy = Type.Union([Type.Literal('public'), Type.Literal('signed')], {
  description: 'Whether viewers need a grant.',
});

export const Encryption = Type.Literal('aes-128', {
  description: 'Segments are encrypted as wholes (HLS, AES-128); absent for those in the clear.',
});

export const Title = Type.String({ minLength: 1, maxLength: 200, description: 'What viewers and lists call it.' });

export const AssetId = Type.String({ pattern: '^as_[a-z0-9]{16}$', description: 'Such as as_k3v9mn2p4q7r8s5t.' });

const Rendition = Type.Object({
  name: Type.String(),
  kind: Type.Union([Type.Literal('video'), Type.Literal('audio')]),
  width: Type.Optional(Type.Integer()),
  height: Type.Optional(Type.Integer()),
  codecs: Type.String(),
  bitrateBps: Type.Integer(),
  channels: Type.Optional(Type.Integer()),
  language: Type.Optional(Type.String()),
  label: Type.Optional(Type.String({ description: 'What a menu shows for a track of sound.' })),
});

const EncodingSchema = Type.Object(
  {
    version: Type.Integer(),
    status: Type.Enum(['running', 'ready', 'failed']),
    ladder: Type.String(),
    encryption: Type.Optional(Encryption),
    requestedAt: Time,
    progress: Type.Object({ segmentsDone: Type.Integer(), segmentsTotal: Type.Integer() }),
    error: Type.Optional(Type.Object({ code: Type.String(), detail: Type.String() })),
  },
  { description: 'The last time the asset was asked to be encoded again. Viewers get its version once it is ready.' },
);

export const NewEncoding = Type.Object(
  {
    loudness: Type.Optional(
      Type.Union([Type.Number({ minimum: LOUDNESS_LUFS.least, maximum: LOUDNESS_LUFS.most }), Type.Null()], {
        description:
          'What the sound is brought to, in LUFS, or null for as loud as it is. Left out: as in the present version.',
      }),
    ),
    ladder: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 32 }), Type.Object({}, { additionalProperties: true })], {
        description: "The name of one of the server's ladders, or a ladder itself. Left out: the server's default.",
      }),
    ),
    encryption: Type.Optional(
      Type.Union([Type.Literal('aes-128'), Type.Literal('none')], {
        description: 'Of the new version. Left out: as with the present one, under a key of its own.',
      }),
    ),
  },
  { title: 'NewEncoding', examples: [{ ladder: 'hevc', encryption: 'none' }], additionalProperties: false },
);

const secondOf = (description: string) => Type.Number({ minimum: 0, maximum: 100_000_000, description });

export const NewClip = Type.Object(
  {
    inSeconds: Type.Optional(secondOf('Where it begins.')),
    outSeconds: Type.Optional(secondOf('Where it ends.')),
    lastSeconds: Type.Optional(
      Type.Number({
        minimum: 0.5,
        maximum: 100_000_000,
        description: 'In the place of the two: the newest so many seconds, such as of a broadcast that goes on.',
      }),
    ),
    title: Type.Optional(Title),
    policy: Type.Optional(Policy),
  },
  {
    title: 'NewClip',
    description:
      "From when to when on the asset's own clock, or the last seconds of it. Title and policy are the asset's unless they are said.",
    examples: [{ inSeconds: 61.5, outSeconds: 90, title: 'The goal' }],
    additionalProperties: false,
  },
);

export const LadderSchema = Type.Object(
  {
    name: Type.String(),
    isDefault: Type.Boolean({ description: 'Whether films are encoded by it that name no other.' }),
    rungs: Type.Array(
      Type.Object({ height: Type.Integer(), codec: Type.Enum(['h264', 'hevc', 'av1']), maxrateBps: Type.Integer() }),
      { description: 'The most that a film can get; none is larger than its source.' },
    ),
  },
  { title: 'Ladder' },
);

export const AssetSchema = Type.Object(
  {
    assetId: Type.String(),
    title: Type.String(),
    policy: Policy,
    encryption: Type.Optional(Encryption),
    status: Type.Enum(['uploading', 'queued', 'playable', 'ready', 'errored']),
    createdAt: Time,
    updatedAt: Time,
    source: Type.Object({
      name: Type.String(),
      sizeBytes: Type.Optional(Type.Integer()),
      sha256: Type.Optional(Type.String()),
      receivedBytes: Type.Optional(Type.Integer()),
    }),
    durationSeconds: Type.Optional(Type.Number()),
    recording: Type.Optional(
      Type.Object(
        { streamId: Type.String(), broadcast: Type.Integer() },
        { description: 'Of a live stream, by the number of its broadcast. It is `uploading` until that ends.' },
      ),
    ),
    clip: Type.Optional(
      Type.Object(
        { assetId: Type.String(), inSeconds: Type.Number(), outSeconds: Type.Number() },
        { description: 'The asset that this is a part of, and from when to when exactly: it holds whole segments.' },
      ),
    ),
    loudness: Type.Optional(
      Type.Object(
        { targetLufs: Type.Number(), measuredLufs: Type.Optional(Type.Number()) },
        { description: 'What the sound was brought to, and what it had (of the default track).' },
      ),
    ),
    renditions: Type.Optional(Type.Array(Rendition)),
    progress: Type.Object({ segmentsDone: Type.Integer(), segmentsTotal: Type.Integer() }),
    playbackUrl: Type.String({ description: 'The HLS multivariant playlist.' }),
    dashUrl: Type.Optional(
      Type.String({ description: 'The DASH manifest over the same segments; an encrypted asset has none.' }),
    ),
    posterUrl: Type.Optional(Type.String()),
    storyboardUrl: Type.Optional(Type.String()),
    notes: Type.Optional(
      Type.Array(Type.String(), { description: 'What of the source the renditions do not have, in sentences.' }),
    ),
    error: Type.Optional(Type.Object({ code: Type.String(), detail: Type.String() })),
    version: Type.Integer({ description: 'The version that viewers get. An encoding again makes the next one.' }),
    encoding: Type.Optional(EncodingSchema),
  },
  { title: 'Asset' },
);
export type AssetBody = Static<typeof AssetSchema>;

export const SubtitlesSchema = Type.Object(
  {
    language: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    kind: Type.Enum(['subtitles', 'captions']),
    default: Type.Boolean(),
    forced: Type.Boolean(),
    origin: Type.Enum(['embedded', 'uploaded']),
    status: Type.Enum(['pending', 'published'], { description: 'Published once they are on the playlist.' }),
    createdAt: Time,
    playlistUrl: Type.Optional(Type.String()),
  },
  { title: 'Subtitles' },
);
export type SubtitlesBody = Static<typeof SubtitlesSchema>;

export const AssetPage = Type.Object(
  {
    items: Type.Array(AssetSchema),
    nextCursor: Type.Union([Type.String(), Type.Null()]),
  },
  { title: 'AssetPage' },
);

export const Page = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'How many at most.' })),
  cursor: Type.Optional(
    Type.String({ maxLength: 500, description: 'The `nextCursor` of the page before. Left out: the first page.' }),
  ),
});

const Algorithm = Type.Union([Type.Literal('RSA'), Type.Literal('ECDSA')]);

export const NewSigningKey = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    algorithm: Type.Optional(Algorithm),
    publicKeyPem: Type.Optional(
      Type.String({ minLength: 1, maxLength: 10_000, description: 'Registers this key instead of making one.' }),
    ),
  },
  { title: 'NewSigningKey', examples: [{ name: 'backend', algorithm: 'RSA' }], additionalProperties: false },
);

export const SigningKeySchema = Type.Object(
  {
    keyPairId: Type.String(),
    name: Type.String(),
    owner: Type.Union([Type.Literal('user'), Type.Literal('server')]),
    algorithm: Algorithm,
    publicKeyPem: Type.String(),
    privateKeyPem: Type.Optional(Type.String({ description: 'Only in the answer that made the key: it is not kept.' })),
    createdAt: Time,
    revokedAt: Type.Optional(Time),
  },
  { title: 'SigningKey' },
);

export const NewGrant = Type.Object(
  {
    assetId: Type.Optional(AssetId),
    streamId: Type.Optional(
      Type.String({ pattern: '^ls_[a-z0-9]{16}$', description: 'A live stream, instead of an asset.' }),
    ),
    expiresInSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 31_536_000, default: 3_600 })),
    startsAt: Type.Optional(Time),
    ip: Type.Optional(
      Type.String({ maxLength: 50, description: 'The only IPv4 address or network that may use the grant.' }),
    ),
    viewerAddress: Type.Optional(
      Type.String({
        maxLength: 50,
        description: 'Where the viewer asks from: URLs are of the edge nearest to it. Left out: of the default edge.',
      }),
    ),
  },
  {
    title: 'NewGrant',
    examples: [{ assetId: 'as_k3v9mn2p4q7r8s5t', expiresInSeconds: 3_600 }],
    additionalProperties: false,
  },
);

export const GrantSchema = Type.Object(
  {
    assetId: Type.Optional(Type.String()),
    streamId: Type.Optional(Type.String()),
    expiresAt: Time,
    keyPairId: Type.String(),
    url: Type.String(),
    dashUrl: Type.Optional(Type.String()),
    posterUrl: Type.Optional(Type.String()),
    storyboardUrl: Type.Optional(Type.String()),
    channelUrl: Type.Optional(Type.String({ description: 'The channel of a live stream, with the token.' })),
    cookies: Type.Object({
      'CloudFront-Policy': Type.String(),
      'CloudFront-Signature': Type.String(),
      'CloudFront-Key-Pair-Id': Type.String(),
    }),
    cookiePath: Type.String(),
    token: Type.String(),
    tokenUrl: Type.String(),
    pathUrl: Type.String(),
  },
  { title: 'PlaybackGrant' },
);
export type GrantBody = Static<typeof GrantSchema>;

export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.String(),
    errors: Type.Optional(
      Type.Array(Type.Object({ field: Type.String({ examples: ['body.aliases[0]'] }), says: Type.String() }), {
        description: 'Each field that is wrong, where the answer is about fields.',
      }),
    ),
    requestId: Type.String(),
  },
  { title: 'Problem', description: 'RFC 9457; branch on `code`.' },
);

/** The answers every protected operation may also give, for the OpenAPI document. */
export const PROBLEMS = { '4xx': ProblemSchema, '5xx': ProblemSchema } as const;
