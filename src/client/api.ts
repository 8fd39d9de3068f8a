// Printed from the OpenAPI document; a test compares the two. `npm test -- --project golden -u` prints it anew.

/** What is sent as it is: a text, bytes, a file (`fs.openAsBlob`), or a stream, which cannot be sent a second time. */
export type Bytes = string | Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array>;

export interface ApiToken {
  readonly tokenId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Only in the answer that made it: it is not kept. */
  readonly token?: string;
  /** Empty for the server itself. */
  readonly madeBy: {
    /** The token gives no more than this user may do. */
    readonly userId?: string;
    /** Revoking this one revokes the token. */
    readonly tokenId?: string;
  };
  readonly createdAt: string;
  readonly expiresAt: string;
  /** Within some minutes. */
  readonly lastUsedAt?: string;
  readonly revokedAt?: string;
}

export interface Asset {
  readonly assetId: string;
  readonly title: string;
  /** Whether viewers need a grant. */
  readonly policy: 'public' | 'signed';
  /** Segments are encrypted as wholes (HLS, AES-128); absent for those in the clear. */
  readonly encryption?: 'aes-128';
  readonly status: 'uploading' | 'queued' | 'playable' | 'ready' | 'errored';
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly source: {
    readonly name: string;
    readonly sizeBytes?: number;
    readonly sha256?: string;
    readonly receivedBytes?: number;
  };
  readonly durationSeconds?: number;
  /** Of a live stream, by the number of its broadcast. It is `uploading` until that ends. */
  readonly recording?: {
    readonly streamId: string;
    readonly broadcast: number;
  };
  /** The asset that this is a part of, and from when to when exactly: it holds whole segments. */
  readonly clip?: {
    readonly assetId: string;
    readonly inSeconds: number;
    readonly outSeconds: number;
  };
  /** What the sound was brought to, and what it had (of the default track). */
  readonly loudness?: {
    readonly targetLufs: number;
    readonly measuredLufs?: number;
  };
  readonly renditions?: readonly {
    readonly name: string;
    readonly kind: 'video' | 'audio';
    readonly width?: number;
    readonly height?: number;
    readonly codecs: string;
    readonly bitrateBps: number;
    readonly channels?: number;
    readonly language?: string;
    /** What a menu shows for a track of sound. */
    readonly label?: string;
  }[];
  readonly progress: {
    readonly segmentsDone: number;
    readonly segmentsTotal: number;
  };
  /** The HLS multivariant playlist. */
  readonly playbackUrl: string;
  /** The DASH manifest over the same segments; an encrypted asset has none. */
  readonly dashUrl?: string;
  readonly posterUrl?: string;
  readonly storyboardUrl?: string;
  /** What of the source the renditions do not have, in sentences. */
  readonly notes?: readonly string[];
  readonly error?: {
    readonly code: string;
    readonly detail: string;
  };
  /** The version that viewers get. An encoding again makes the next one. */
  readonly version: number;
  /** The last time the asset was asked to be encoded again. Viewers get its version once it is ready. */
  readonly encoding?: {
    readonly version: number;
    readonly status: 'running' | 'ready' | 'failed';
    readonly ladder: string;
    /** Segments are encrypted as wholes (HLS, AES-128); absent for those in the clear. */
    readonly encryption?: 'aes-128';
    readonly requestedAt: string;
    readonly progress: {
      readonly segmentsDone: number;
      readonly segmentsTotal: number;
    };
    readonly error?: {
      readonly code: string;
      readonly detail: string;
    };
  };
}

export interface AssetChange {
  /** What viewers and lists call it. */
  readonly title?: string;
  /** Whether viewers need a grant. */
  readonly policy?: 'public' | 'signed';
}

export interface AssetPage {
  readonly items: readonly Asset[];
  readonly nextCursor: string | null;
}

export interface AuditRecord {
  readonly auditId: string;
  readonly at: string;
  readonly actor: {
    readonly kind: 'user' | 'token' | 'server' | 'edge' | 'nobody';
    readonly id?: string;
    /** As it was then. */
    readonly name?: string;
  };
  /** Where the request came from. */
  readonly address: string;
  /** The operation's id in this document. */
  readonly operation: string;
  readonly resource: {
    readonly kind: string;
    readonly id?: string;
  };
  /** As it was, without secrets; absent where that is not known. */
  readonly before?: unknown;
  /** As it became, without secrets. */
  readonly after?: unknown;
  /** The `X-Request-Id` of the answer. */
  readonly requestId: string;
}

export interface Broadcast {
  /** From 1 in each stream. */
  readonly number: number;
  /** When it went live. */
  readonly startedAt: string;
  /** Absent while it is under way. */
  readonly endedAt?: string;
  /** `finished`: its publisher said goodbye and did not come back in time. `lost`: it went without a word and did not. `requested`: by the API. `deleted`, `disabled`: its stream was. `interrupted`: the server that had it went down, and nobody came back. */
  readonly endReason?: 'finished' | 'lost' | 'requested' | 'deleted' | 'disabled' | 'interrupted';
  /** The asset that it becomes, where it is recorded. */
  readonly recordingId?: string;
}

export interface BroadcastPage {
  readonly items: readonly Broadcast[];
  /** For the next page, as `cursor`; null after the last. */
  readonly nextCursor: string | null;
}

export interface CacheBehavior {
  /** An origin or an origin group. */
  readonly targetOriginId: string;
  readonly viewerProtocolPolicy?: 'allow-all' | 'redirect-to-https' | 'https-only';
  /** GET and HEAD; these and OPTIONS; or all seven. */
  readonly allowedMethods?: readonly ('GET' | 'HEAD' | 'OPTIONS' | 'PUT' | 'POST' | 'PATCH' | 'DELETE')[];
  /** GET and HEAD, or these and OPTIONS. */
  readonly cachedMethods?: readonly ('GET' | 'HEAD' | 'OPTIONS' | 'PUT' | 'POST' | 'PATCH' | 'DELETE')[];
  readonly compress?: boolean;
  /** What is cached for how long, and under which key. */
  readonly cachePolicyId?: string;
  /** What of a request the origin is told besides. */
  readonly originRequestPolicyId?: string;
  /** Fields that answers are given. */
  readonly responseHeadersPolicyId?: string;
  /** Viewers need a grant signed by a key of one of these. Empty: everybody is let in. */
  readonly trustedKeyGroups?: readonly string[];
}

export interface CachePolicy {
  readonly id: string;
  readonly type: 'managed' | 'custom';
  /** For If-Match. */
  readonly etag: string;
  readonly createdAt?: string;
  readonly lastModifiedTime?: string;
  readonly config: CachePolicyConfig;
  /** What works and yet may not be what was meant. Not in lists. */
  readonly warnings?: readonly ConfigurationWarning[];
}

export interface CachePolicyConfig {
  /** One document of its kind has it. */
  readonly name: string;
  readonly comment?: string;
  /** Kept at least so long, whatever the origin says. */
  readonly minTTL?: number;
  /** Kept so long where the origin says nothing. A day if left out. */
  readonly defaultTTL?: number;
  /** Kept no longer than that. A year if left out. */
  readonly maxTTL?: number;
  /** What tells objects of one path apart; the origin is told all of it. */
  readonly parametersInCacheKeyAndForwardedToOrigin?: {
    readonly enableAcceptEncodingGzip?: boolean;
    readonly enableAcceptEncodingBrotli?: boolean;
    readonly headersConfig?: {
      readonly headerBehavior?: 'none' | 'whitelist';
      readonly headers?: readonly string[];
    };
    readonly cookiesConfig?: {
      readonly cookieBehavior?: 'none' | 'whitelist' | 'allExcept' | 'all';
      readonly cookies?: readonly string[];
    };
    readonly queryStringsConfig?: {
      readonly queryStringBehavior?: 'none' | 'whitelist' | 'allExcept' | 'all';
      readonly queryStrings?: readonly string[];
      /** `?b=2&a=1` and `?a=1&b=2` are one object. */
      readonly sortQueryStrings?: boolean;
    };
  };
}

export interface ChatBan {
  /** The `author.id` of what somebody said. */
  readonly authorId: string;
}

export interface ConfigurationWarning {
  readonly field: string;
  readonly code: 'NO_ALIAS' | 'ORIGIN_UNUSED' | 'PATH_PATTERN_REPEATED' | 'PATH_PATTERN_SHADOWED' | 'PATH_PATTERNS_CROSS' | 'PUBLIC_BEFORE_SIGNED' | 'MIN_TTL_OVERRIDES_NO_STORE' | 'AUTHORIZATION_NOT_IN_KEY' | 'COOKIES_NOT_IN_KEY' | 'ORIGIN_IN_THE_CLEAR' | 'KEY_REVOKED';
  readonly says: string;
}

export interface CorsConfig {
  readonly accessControlAllowOrigins?: readonly string[];
  readonly accessControlAllowHeaders?: readonly string[];
  readonly accessControlAllowMethods?: readonly ('GET' | 'HEAD' | 'OPTIONS' | 'PUT' | 'POST' | 'PATCH' | 'DELETE' | 'ALL')[];
  readonly accessControlAllowCredentials?: boolean;
  readonly accessControlExposeHeaders?: readonly string[];
  /** How long a browser remembers it. */
  readonly accessControlMaxAgeSec?: number;
  readonly originOverride?: boolean;
}

export interface CurrentSession {
  /** What the bearer token is of. */
  readonly kind: 'user' | 'token' | 'server';
  /** Of the user, or of the token. */
  readonly name?: string;
  readonly user?: User;
  /** What it gives now. */
  readonly scopes: readonly string[];
  readonly expiresAt: string;
}

export interface CustomErrorResponse {
  readonly errorCode: number;
  /** The page sent instead. */
  readonly responsePagePath?: string;
  /** The status it is sent with; with a page only. */
  readonly responseCode?: number;
  /** How long the error is remembered, at least. */
  readonly errorCachingMinTTL?: number;
}

/** A web server. What an origin is that says nothing else. */
export interface CustomOriginConfig {
  readonly httpPort?: number;
  readonly httpsPort?: number;
  /** How the origin is spoken to. Which versions of TLS count is not a setting: 1.2 and 1.3. */
  readonly originProtocolPolicy?: 'http-only' | 'https-only' | 'match-viewer';
  /** How long the origin may be silent, before its first byte and between any two. */
  readonly originReadTimeout?: number;
  /** How long an idle connection is kept. */
  readonly originKeepaliveTimeout?: number;
}

export interface Delivery {
  readonly deliveryId: string;
  readonly webhookId: string;
  readonly eventId: string;
  readonly type: 'asset.created' | 'asset.playable' | 'asset.ready' | 'asset.errored' | 'asset.reencoded' | 'asset.encoding_failed' | 'asset.deleted' | 'live.started' | 'live.reconnected' | 'live.ended' | 'live.unhealthy' | 'live.recovered' | 'ping';
  readonly status: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  /** What the endpoint answered last. */
  readonly responseStatus?: number;
  /** Why the last attempt got no answer: a code of docs/errors.md. */
  readonly failure?: string;
  readonly nextAttemptAt?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface Distribution {
  readonly id: string;
  readonly type: 'managed' | 'custom';
  /** For If-Match. */
  readonly etag: string;
  readonly createdAt?: string;
  readonly lastModifiedTime?: string;
  readonly config: DistributionConfig;
  /** What works and yet may not be what was meant. Not in lists. */
  readonly warnings?: readonly ConfigurationWarning[];
}

/** What is left out is filled in, and shown so in answers. */
export interface DistributionConfig {
  readonly comment?: string;
  /** Edges answer for enabled ones only. */
  readonly enabled?: boolean;
  /** Host names that viewers use, in lower case; `*.example.com` is everything below. */
  readonly aliases?: readonly string[];
  /** What `/` is. */
  readonly defaultRootObject?: string;
  readonly origins: readonly Origin[];
  readonly originGroups?: readonly OriginGroup[];
  readonly defaultCacheBehavior: CacheBehavior;
  /** The first whose pattern fits a path is taken. */
  readonly cacheBehaviors?: readonly PathCacheBehavior[];
  readonly customErrorResponses?: readonly CustomErrorResponse[];
  readonly restrictions?: {
    readonly geoRestriction?: {
      readonly restrictionType?: 'none' | 'whitelist' | 'blacklist';
      /** Countries by ISO 3166-1 alpha-2. */
      readonly locations?: readonly string[];
    };
  };
  /** A field in which origins tag what they send. */
  readonly cacheTagConfig?: {
    readonly headerName: string;
  };
  /** By which you find it again: `GET /v1/distributions?tag.team=shop`. */
  readonly tags?: { readonly [name: string]: string };
}

export interface Edge {
  readonly edgeId: string;
  readonly name: string;
  /** Where the edge stands; viewers are sent to one that is near. */
  readonly location?: {
    /** With a longitude or not at all. */
    readonly latitude?: number;
    readonly longitude?: number;
    /** ISO 3166-1 alpha-2. */
    readonly country?: string;
  };
  /** Where viewers reach it. */
  readonly url?: string;
  /** Of Frontrow. */
  readonly version?: string;
  readonly state: 'connected' | 'away';
  readonly draining: boolean;
  /** Whether it has a key of its own from here; otherwise it has the fleet's secret. */
  readonly enrolled: boolean;
  readonly enrolledAt: string;
  readonly lastContactAt?: string;
  /** That serve its port together. */
  readonly processes?: number;
  /** How far it is with what control tells edges. */
  readonly configuration?: {
    /** All changes up to this number are in force. */
    readonly revision: number;
    /** What it could not use and goes on without; its log says why. */
    readonly refused?: {
      readonly revision: number;
      readonly section: string;
    };
  };
  readonly load?: {
    readonly requestsPerSecond: number;
    readonly bytesPerSecond: number;
    readonly connections: number;
    readonly cachedBytes: number;
    /** Of the requests that the cache had a part in. */
    readonly hitRatio: number;
    /** Of the time, how much it was at work; 1 is all it can do. */
    readonly busy: number;
  };
  readonly origins?: readonly {
    readonly name: string;
    readonly up: boolean;
  }[];
  /** By how much its clock is ahead of control's. */
  readonly clockAheadMs?: number;
}

export interface EdgeChange {
  readonly name?: string;
  readonly location?: {
    /** With a longitude or not at all. */
    readonly latitude?: number;
    readonly longitude?: number;
    /** ISO 3166-1 alpha-2. */
    readonly country?: string;
  } | null;
  /** Whether new viewers are sent elsewhere. It answers whoever comes all the same. */
  readonly draining?: boolean;
}

export interface EdgeEnrolment {
  readonly enrolmentId: string;
  /** Lets one edge in, once. It is not shown again. */
  readonly token?: string;
  readonly createdAt: string;
  readonly expiresAt: string;
}

/** The films of this server; in the distribution `default` alone. */
export interface FilmOriginConfig { readonly [name: string]: unknown }

/** How the source was doing about a second ago. */
export interface IngestHealth {
  /** Of everything that arrives. */
  readonly bitrateBps: number;
  /** Pictures that arrive a second. */
  readonly framesPerSecond: number;
  /** Between the last key frames. */
  readonly keyFrameSeconds: number;
  /** Sound ahead of the picture is positive. */
  readonly driftMs: number;
  /** How much faster than it comes in it is encoded; under 1 it falls behind. */
  readonly speed: number;
  /** Pictures that were left out since they came too fast to be encoded. */
  readonly droppedFrames: number;
  /** What is wrong: the `frame-rate` or the `bitrate` fell, `key-frames` are too far apart, sound and picture `drift` apart, this server is in `overload`, or the top rung is encoded though `passthrough` says always. */
  readonly problems: readonly ('frame-rate' | 'bitrate' | 'key-frames' | 'drift' | 'overload' | 'passthrough')[];
}

export interface Invalidation {
  readonly id: string;
  readonly distributionId: string;
  /** Completed once every edge has it. */
  readonly status: 'InProgress' | 'Completed';
  readonly paths: readonly string[];
  readonly soft: boolean;
  readonly callerReference?: string;
  readonly createdAt: string;
  readonly completedAt?: string;
}

export interface KeyGroup {
  readonly id: string;
  readonly type: 'managed' | 'custom';
  /** For If-Match. */
  readonly etag: string;
  readonly createdAt?: string;
  readonly lastModifiedTime?: string;
  readonly config: KeyGroupConfig;
  /** What works and yet may not be what was meant. Not in lists. */
  readonly warnings?: readonly ConfigurationWarning[];
}

export interface KeyGroupConfig {
  /** One document of its kind has it. */
  readonly name: string;
  readonly comment?: string;
  /** Keys that are trusted together, so that one can follow another without a gap. */
  readonly items?: readonly string[];
  /** Where an identity provider publishes the keys of its tokens (RFC 7517). They count as long as they stand there. */
  readonly jwksUrl?: string;
}

export interface Ladder {
  readonly name: string;
  /** Whether films are encoded by it that name no other. */
  readonly isDefault: boolean;
  /** The most that a film can get; none is larger than its source. */
  readonly rungs: readonly {
    readonly height: number;
    readonly codec: 'h264' | 'hevc' | 'av1';
    readonly maxrateBps: number;
  }[];
}

/** `broadcast` is the last one, which is under way until it has an end. */
export interface LiveStream {
  /** Such as `ls_k3v9mn2p4q7r8s5t`. */
  readonly streamId: string;
  /** What viewers and lists call it. */
  readonly title: string;
  /** Whether viewers need a grant. */
  readonly policy: 'public' | 'signed';
  /** Reconnecting: the publisher is gone and may still come back. */
  readonly status: 'idle' | 'live' | 'reconnecting';
  /** A disabled stream lets nobody publish. */
  readonly isDisabled: boolean;
  /** Whoever has it may publish. Only for who may change live streams, and not in lists. */
  readonly streamKey?: string;
  /** Where to publish. Absent are doors that are not open on this server. */
  readonly ingest: {
    /** The server of an encoder; the stream key goes behind it. */
    readonly rtmp?: string;
    /** The same inside TLS, so that nobody on the way reads the key. */
    readonly rtmps?: string;
    /** The stream key goes with it as `streamid`. */
    readonly srt?: string;
    /** For pages that send what MediaRecorder makes. */
    readonly websocket?: string;
    /** The stream key is the bearer token. */
    readonly whip?: string;
  };
  /** The HLS multivariant playlist. */
  readonly playbackUrl: string;
  /** The WebSocket of events, chat and media. */
  readonly channelUrl: string;
  /** How far back viewers may go while it is live; null for all of the broadcast. */
  readonly dvrSeconds: number | null;
  /** How long a publisher that was lost may take to come back before the broadcast ends. */
  readonly reconnectSeconds: number;
  /** Whether each broadcast becomes an asset. */
  readonly isRecorded: boolean;
  /** The name of the ladder that its broadcasts are encoded by. */
  readonly ladder: string;
  /** Whether the top rung may be the publisher's own packets, where these allow it. `auto`: once a source has shown that its key frames are regular. `always`: from the first packet on; a source that does not keep to it is encoded, and is told as the problem `passthrough`. */
  readonly passthrough: 'auto' | 'always' | 'never';
  /** Who may say what in the channel. */
  readonly chat: {
    /** Whether viewers may say something. */
    readonly isOpen: boolean;
    /** Each viewer may say something once in so many seconds. */
    readonly slowSeconds: number;
  };
  readonly broadcast?: Broadcast;
  readonly health?: IngestHealth;
  /** When it was made. */
  readonly createdAt: string;
  /** When it was last changed through the API. */
  readonly updatedAt: string;
}

export interface LiveStreamChange {
  /** What viewers and lists call it. */
  readonly title?: string;
  /** A disabled stream lets nobody publish. */
  readonly isDisabled?: boolean;
  /** Whether viewers need a grant. */
  readonly policy?: 'public' | 'signed';
  /** How far back viewers may go while it is live; null for all of the broadcast. */
  readonly dvrSeconds?: number | null;
  /** How long a publisher that was lost may take to come back before the broadcast ends. */
  readonly reconnectSeconds?: number;
  /** Whether each broadcast becomes an asset. */
  readonly isRecorded?: boolean;
  /** The name of one of the server's ladders. Left out: the server's default. */
  readonly ladder?: string;
  /** Whether the top rung may be the publisher's own packets, where these allow it. `auto`: once a source has shown that its key frames are regular. `always`: from the first packet on; a source that does not keep to it is encoded, and is told as the problem `passthrough`. */
  readonly passthrough?: 'auto' | 'always' | 'never';
  /** Who may say what in the channel. What is left out stays as it is. */
  readonly chat?: {
    /** Whether viewers may say something. */
    readonly isOpen?: boolean;
    /** Each viewer may say something once in so many seconds. */
    readonly slowSeconds?: number;
  };
}

export interface LiveStreamPage {
  readonly items: readonly LiveStream[];
  /** For the next page, as `cursor`; null after the last. */
  readonly nextCursor: string | null;
}

export interface Metadata {
  /** The `id` of the event in the channel, and the `ID` of the date range. */
  readonly metadataId: string;
}

export interface NewChatBan {
  /** The `author.id` of what somebody said. */
  readonly authorId: string;
  /** Left out: until it is taken back. */
  readonly seconds?: number;
}

/** From when to when on the asset's own clock, or the last seconds of it. Title and policy are the asset's unless they are said. */
export interface NewClip {
  /** Where it begins. */
  readonly inSeconds?: number;
  /** Where it ends. */
  readonly outSeconds?: number;
  /** In the place of the two: the newest so many seconds, such as of a broadcast that goes on. */
  readonly lastSeconds?: number;
  /** What viewers and lists call it. */
  readonly title?: string;
  /** Whether viewers need a grant. */
  readonly policy?: 'public' | 'signed';
}

export interface NewEdgeEnrolment {
  readonly name?: string;
  /** Where the edge stands; viewers are sent to one that is near. */
  readonly location?: {
    /** With a longitude or not at all. */
    readonly latitude?: number;
    readonly longitude?: number;
    /** ISO 3166-1 alpha-2. */
    readonly country?: string;
  };
  readonly expiresInSeconds?: number;
}

export interface NewEncoding {
  /** What the sound is brought to, in LUFS, or null for as loud as it is. Left out: as in the present version. */
  readonly loudness?: number | null;
  /** The name of one of the server's ladders, or a ladder itself. Left out: the server's default. */
  readonly ladder?: string | { readonly [name: string]: unknown };
  /** Of the new version. Left out: as with the present one, under a key of its own. */
  readonly encryption?: 'aes-128' | 'none';
}

export interface NewGrant {
  /** Such as as_k3v9mn2p4q7r8s5t. */
  readonly assetId?: string;
  /** A live stream, instead of an asset. */
  readonly streamId?: string;
  readonly expiresInSeconds?: number;
  readonly startsAt?: string;
  /** The only IPv4 address or network that may use the grant. */
  readonly ip?: string;
  /** Where the viewer asks from: URLs are of the edge nearest to it. Left out: of the default edge. */
  readonly viewerAddress?: string;
}

export interface NewInvalidation {
  readonly paths: readonly string[];
  /** Your own name for it: sent again with the same paths it finds the first one. */
  readonly callerReference?: string;
  /** Copies may be served once more while they are fetched anew. */
  readonly soft?: boolean;
}

export interface NewLiveStream {
  /** What viewers and lists call it. */
  readonly title?: string;
  /** Whether viewers need a grant. */
  readonly policy?: 'public' | 'signed';
  /** How far back viewers may go while it is live; null for all of the broadcast. */
  readonly dvrSeconds?: number | null;
  /** How long a publisher that was lost may take to come back before the broadcast ends. */
  readonly reconnectSeconds?: number;
  /** Whether each broadcast becomes an asset. */
  readonly isRecorded?: boolean;
  /** The name of one of the server's ladders. Left out: the server's default. */
  readonly ladder?: string;
  /** Whether the top rung may be the publisher's own packets, where these allow it. `auto`: once a source has shown that its key frames are regular. `always`: from the first packet on; a source that does not keep to it is encoded, and is told as the problem `passthrough`. */
  readonly passthrough?: 'auto' | 'always' | 'never';
  /** Who may say what in the channel. What is left out stays as it is. */
  readonly chat?: {
    /** Whether viewers may say something. */
    readonly isOpen?: boolean;
    /** Each viewer may say something once in so many seconds. */
    readonly slowSeconds?: number;
  };
}

export interface NewMetadata {
  /** Any JSON of at most 4096 bytes; viewers get it as it is. */
  readonly data: unknown;
}

export interface NewOriginAccessControlConfig {
  /** One document of its kind has it. */
  readonly name: string;
  readonly description?: string;
  /** `sigv4` for S3; `edge` for origins of your own that check the short-lived signature of an edge. */
  readonly signingProtocol?: 'sigv4' | 'edge';
  /** `no-override` leaves a request alone that comes with an Authorization of its own. */
  readonly signingBehavior?: 'always' | 'never' | 'no-override';
  readonly originAccessControlOriginType?: 's3' | 'custom';
  readonly region?: string;
  readonly accessKeyId?: string;
  /** Never shown. Left out at a change it stays; left out at the beginning for `edge` one is made and shown once. */
  readonly secretAccessKey?: string;
}

export interface NewRevocation {
  /** As it was handed out. */
  readonly url?: string;
  /** The set of CloudFront- cookies, by name. */
  readonly cookies?: { readonly [name: string]: string };
  readonly token?: string;
  /** Of a token, with `keyPairId` and `expiresAt`. */
  readonly jti?: string;
  readonly keyPairId?: string;
  readonly expiresAt?: string;
  readonly reason?: string;
}

export interface NewSession {
  /** What stands behind `#/sign-in/` in the link. */
  readonly signInToken: string;
}

export interface NewSignInLink {
  readonly expiresInSeconds?: number;
}

export interface NewSigningKey {
  readonly name?: string;
  readonly algorithm?: 'RSA' | 'ECDSA';
  /** Registers this key instead of making one. */
  readonly publicKeyPem?: string;
}

export interface NewToken {
  readonly name: string;
  readonly scopes: readonly ('assets:read' | 'assets:write' | 'uploads:write' | 'live:read' | 'live:write' | 'keys:read' | 'keys:write' | 'grants:write' | 'revocations:read' | 'revocations:write' | 'distributions:read' | 'distributions:write' | 'policies:read' | 'policies:write' | 'invalidations:read' | 'invalidations:write' | 'edges:read' | 'edges:write' | 'webhooks:read' | 'webhooks:write' | 'reports:read' | 'users:read' | 'users:write' | 'tokens:read' | 'tokens:write' | 'audit:read' | '*:read' | 'admin')[];
  /** A token that is made with a token ends with it, if that is sooner. */
  readonly expiresInSeconds?: number;
}

/** Either `role` or `scopes` says what the user may do. */
export interface NewUser {
  readonly name: string;
  readonly email?: string;
  /**
   * - `admin`: admin
   * - `operator`: assets:read, assets:write, uploads:write, live:read, live:write, keys:read, keys:write, grants:write, revocations:read, revocations:write, distributions:read, distributions:write, policies:read, policies:write, invalidations:read, invalidations:write, edges:read, edges:write, webhooks:read, webhooks:write, reports:read
   * - `editor`: assets:read, assets:write, uploads:write, live:read, live:write, keys:read, grants:write, reports:read
   * - `reader`: *:read
   */
  readonly role?: 'admin' | 'operator' | 'editor' | 'reader';
  readonly scopes?: readonly ('assets:read' | 'assets:write' | 'uploads:write' | 'live:read' | 'live:write' | 'keys:read' | 'keys:write' | 'grants:write' | 'revocations:read' | 'revocations:write' | 'distributions:read' | 'distributions:write' | 'policies:read' | 'policies:write' | 'invalidations:read' | 'invalidations:write' | 'edges:read' | 'edges:write' | 'webhooks:read' | 'webhooks:write' | 'reports:read' | 'users:read' | 'users:write' | 'tokens:read' | 'tokens:write' | 'audit:read' | '*:read' | 'admin')[];
}

export interface NewWebhook {
  /** An http or https URL. Redirects are not followed. */
  readonly url: string;
  /** What the endpoint hears of. Left out at creation: everything, also events that come later. */
  readonly events?: readonly ('asset.created' | 'asset.playable' | 'asset.ready' | 'asset.errored' | 'asset.reencoded' | 'asset.encoding_failed' | 'asset.deleted' | 'live.started' | 'live.reconnected' | 'live.ended' | 'live.unhealthy' | 'live.recovered')[];
  readonly description?: string;
}

export interface OpenedSession {
  readonly sessionId: string;
  readonly token: string;
  readonly expiresAt: string;
  readonly user: User;
}

export interface Origin {
  /** What behaviours and origin groups call it. */
  readonly id: string;
  /** A host name or an IP address, without scheme, port or path. Empty for films alone. */
  readonly domainName?: string;
  /** Put before the path of every request: a slash at its beginning and none at its end. */
  readonly originPath?: string;
  /** Sent with every request to the origin, in place of what the viewer sent under these names. */
  readonly customHeaders?: readonly {
    readonly headerName: string;
    readonly headerValue: string;
  }[];
  readonly connectionAttempts?: number;
  /** Seconds an attempt. */
  readonly connectionTimeout?: number;
  /** How requests to it are signed. */
  readonly originAccessControlId?: string;
  readonly customOriginConfig?: CustomOriginConfig;
  readonly s3OriginConfig?: S3OriginConfig;
  readonly filmOriginConfig?: FilmOriginConfig;
}

export interface OriginAccessControl {
  readonly id: string;
  readonly type: 'managed' | 'custom';
  /** For If-Match. */
  readonly etag: string;
  readonly createdAt?: string;
  readonly lastModifiedTime?: string;
  readonly config: OriginAccessControlConfig;
  /** What works and yet may not be what was meant. Not in lists. */
  readonly warnings?: readonly ConfigurationWarning[];
  /** Only in the answer that made it: it is shown once. */
  readonly secretAccessKey?: string;
}

export interface OriginAccessControlConfig {
  /** One document of its kind has it. */
  readonly name: string;
  readonly description?: string;
  /** `sigv4` for S3; `edge` for origins of your own that check the short-lived signature of an edge. */
  readonly signingProtocol?: 'sigv4' | 'edge';
  /** `no-override` leaves a request alone that comes with an Authorization of its own. */
  readonly signingBehavior?: 'always' | 'never' | 'no-override';
  readonly originAccessControlOriginType?: 's3' | 'custom';
  readonly region?: string;
  readonly accessKeyId?: string;
}

/** Origins that stand in for one another. */
export interface OriginGroup {
  /** What behaviours call it. */
  readonly id: string;
  readonly failoverCriteria: {
    /** Answers that send a request on to the next member: of 400, 403, 404, 416, 429, 500, 502, 503, 504. */
    readonly statusCodes: readonly number[];
  };
  /** In the order in which they are asked. */
  readonly members: readonly string[];
}

export interface OriginRequestPolicy {
  readonly id: string;
  readonly type: 'managed' | 'custom';
  /** For If-Match. */
  readonly etag: string;
  readonly createdAt?: string;
  readonly lastModifiedTime?: string;
  readonly config: OriginRequestPolicyConfig;
  /** What works and yet may not be what was meant. Not in lists. */
  readonly warnings?: readonly ConfigurationWarning[];
}

/** What the origin is told and no object is told apart by. */
export interface OriginRequestPolicyConfig {
  /** One document of its kind has it. */
  readonly name: string;
  readonly comment?: string;
  readonly headersConfig?: {
    readonly headerBehavior?: 'none' | 'whitelist' | 'allViewer' | 'allViewerAndWhitelistCloudFront' | 'allExcept';
    readonly headers?: readonly string[];
  };
  readonly cookiesConfig?: {
    readonly cookieBehavior?: 'none' | 'whitelist' | 'allExcept' | 'all';
    readonly cookies?: readonly string[];
  };
  readonly queryStringsConfig?: {
    readonly queryStringBehavior?: 'none' | 'whitelist' | 'allExcept' | 'all';
    readonly queryStrings?: readonly string[];
  };
}

export interface PathCacheBehavior {
  /** `*` is any characters, slashes too, `?` is one. */
  readonly pathPattern: string;
  /** An origin or an origin group. */
  readonly targetOriginId: string;
  readonly viewerProtocolPolicy?: 'allow-all' | 'redirect-to-https' | 'https-only';
  /** GET and HEAD; these and OPTIONS; or all seven. */
  readonly allowedMethods?: readonly ('GET' | 'HEAD' | 'OPTIONS' | 'PUT' | 'POST' | 'PATCH' | 'DELETE')[];
  /** GET and HEAD, or these and OPTIONS. */
  readonly cachedMethods?: readonly ('GET' | 'HEAD' | 'OPTIONS' | 'PUT' | 'POST' | 'PATCH' | 'DELETE')[];
  readonly compress?: boolean;
  /** What is cached for how long, and under which key. */
  readonly cachePolicyId?: string;
  /** What of a request the origin is told besides. */
  readonly originRequestPolicyId?: string;
  /** Fields that answers are given. */
  readonly responseHeadersPolicyId?: string;
  /** Viewers need a grant signed by a key of one of these. Empty: everybody is let in. */
  readonly trustedKeyGroups?: readonly string[];
}

export interface PlaybackGrant {
  readonly assetId?: string;
  readonly streamId?: string;
  readonly expiresAt: string;
  readonly keyPairId: string;
  readonly url: string;
  readonly dashUrl?: string;
  readonly posterUrl?: string;
  readonly storyboardUrl?: string;
  /** The channel of a live stream, with the token. */
  readonly channelUrl?: string;
  readonly cookies: {
    readonly 'CloudFront-Policy': string;
    readonly 'CloudFront-Signature': string;
    readonly 'CloudFront-Key-Pair-Id': string;
  };
  readonly cookiePath: string;
  readonly token: string;
  readonly tokenUrl: string;
  readonly pathUrl: string;
}

/** RFC 9457; branch on `code`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** Each field that is wrong, where the answer is about fields. */
  readonly errors?: readonly {
    readonly field: string;
    readonly says: string;
  }[];
  readonly requestId: string;
}

export interface Pull {
  readonly source: {
    /** An http or https URL of the film. */
    readonly url: string;
  };
  readonly title?: string;
  /** Whether viewers need a grant. */
  readonly policy?: 'public' | 'signed';
  /** Whether segments are encrypted (HLS, AES-128). Left out: none. */
  readonly encryption?: 'aes-128' | 'none';
  /** What the sound is brought to, in LUFS, such as -23 (EBU R128) or -16. Left out: as loud as it is. */
  readonly loudness?: number;
}

export interface ResponseHeadersPolicy {
  readonly id: string;
  readonly type: 'managed' | 'custom';
  /** For If-Match. */
  readonly etag: string;
  readonly createdAt?: string;
  readonly lastModifiedTime?: string;
  readonly config: ResponseHeadersPolicyConfig;
  /** What works and yet may not be what was meant. Not in lists. */
  readonly warnings?: readonly ConfigurationWarning[];
}

export interface ResponseHeadersPolicyConfig {
  /** One document of its kind has it. */
  readonly name: string;
  readonly comment?: string;
  readonly corsConfig?: CorsConfig;
  readonly securityHeadersConfig?: SecurityHeadersConfig;
  readonly customHeadersConfig?: readonly {
    readonly header: string;
    readonly value: string;
    readonly override?: boolean;
  }[];
  /** Fields of the origin that viewers do not get. */
  readonly removeHeadersConfig?: readonly string[];
  readonly serverTimingHeadersConfig?: {
    readonly enabled: boolean;
    readonly samplingRate: number;
  };
}

export interface Revocation {
  readonly revocationId: string;
  /** A digest of what was signed; the grant itself is not kept. */
  readonly grantId: string;
  readonly keyPairId: string;
  readonly reason?: string;
  /** When the grant is over by itself. */
  readonly expiresAt: string;
  readonly createdAt: string;
}

export interface Route {
  /** The path at the edge to use. */
  readonly url: string;
  /** All edges that answer, in the order in which to use them. */
  readonly edges: readonly {
    readonly edgeId: string;
    /** The path at this edge. */
    readonly url: string;
    /** ISO 3166-1 alpha-2. */
    readonly country?: string;
    /** From the caller, as far as both places are known. */
    readonly distanceKm?: number;
  }[];
}

/** A bucket. Signed to when it names an origin access control. */
export interface S3OriginConfig {
  /** How long the bucket may be silent. */
  readonly originReadTimeout?: number;
}

export interface SecurityHeadersConfig {
  readonly contentSecurityPolicy?: {
    readonly contentSecurityPolicy: string;
    /** Whether it counts where the origin sent the field itself. */
    readonly override: boolean;
  };
  readonly contentTypeOptions?: {
    /** Whether it counts where the origin sent the field itself. */
    readonly override: boolean;
  };
  readonly frameOptions?: {
    readonly frameOption: 'DENY' | 'SAMEORIGIN';
    /** Whether it counts where the origin sent the field itself. */
    readonly override: boolean;
  };
  readonly referrerPolicy?: {
    readonly referrerPolicy: 'no-referrer' | 'no-referrer-when-downgrade' | 'origin' | 'origin-when-cross-origin' | 'same-origin' | 'strict-origin' | 'strict-origin-when-cross-origin' | 'unsafe-url';
    /** Whether it counts where the origin sent the field itself. */
    readonly override: boolean;
  };
  readonly strictTransportSecurity?: {
    /** How long a browser insists on https. */
    readonly accessControlMaxAgeSec: number;
    readonly includeSubdomains: boolean;
    readonly preload: boolean;
    /** Whether it counts where the origin sent the field itself. */
    readonly override: boolean;
  };
  readonly xssProtection?: {
    readonly protection: boolean;
    readonly modeBlock: boolean;
    readonly reportUri?: string;
    /** Whether it counts where the origin sent the field itself. */
    readonly override: boolean;
  };
}

export interface Session {
  readonly sessionId: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  /** Within some minutes. */
  readonly lastUsedAt?: string;
}

export interface SignInLink {
  readonly userId: string;
  /** Signs in once. Only in this answer: it is not kept. */
  readonly signInUrl?: string;
  readonly expiresAt: string;
}

export interface SigningKey {
  readonly keyPairId: string;
  readonly name: string;
  readonly owner: 'user' | 'server';
  readonly algorithm: 'RSA' | 'ECDSA';
  readonly publicKeyPem: string;
  /** Only in the answer that made the key: it is not kept. */
  readonly privateKeyPem?: string;
  readonly createdAt: string;
  readonly revokedAt?: string;
}

export interface Subtitles {
  readonly language?: string;
  readonly name?: string;
  readonly kind: 'subtitles' | 'captions';
  readonly default: boolean;
  readonly forced: boolean;
  readonly origin: 'embedded' | 'uploaded';
  /** Published once they are on the playlist. */
  readonly status: 'pending' | 'published';
  readonly createdAt: string;
  readonly playlistUrl?: string;
}

export interface User {
  readonly userId: string;
  readonly name: string;
  readonly email?: string;
  readonly role?: string;
  readonly scopes: readonly string[];
  readonly enabled: boolean;
  readonly createdAt: string;
  readonly disabledAt?: string;
}

export interface UserChange {
  readonly name?: string;
  readonly email?: string | null;
  /**
   * - `admin`: admin
   * - `operator`: assets:read, assets:write, uploads:write, live:read, live:write, keys:read, keys:write, grants:write, revocations:read, revocations:write, distributions:read, distributions:write, policies:read, policies:write, invalidations:read, invalidations:write, edges:read, edges:write, webhooks:read, webhooks:write, reports:read
   * - `editor`: assets:read, assets:write, uploads:write, live:read, live:write, keys:read, grants:write, reports:read
   * - `reader`: *:read
   */
  readonly role?: 'admin' | 'operator' | 'editor' | 'reader';
  readonly scopes?: readonly ('assets:read' | 'assets:write' | 'uploads:write' | 'live:read' | 'live:write' | 'keys:read' | 'keys:write' | 'grants:write' | 'revocations:read' | 'revocations:write' | 'distributions:read' | 'distributions:write' | 'policies:read' | 'policies:write' | 'invalidations:read' | 'invalidations:write' | 'edges:read' | 'edges:write' | 'webhooks:read' | 'webhooks:write' | 'reports:read' | 'users:read' | 'users:write' | 'tokens:read' | 'tokens:write' | 'audit:read' | '*:read' | 'admin')[];
  /** A disabled user is signed out, and his tokens give nothing. */
  readonly enabled?: boolean;
}

export interface Webhook {
  readonly webhookId: string;
  readonly url: string;
  readonly events: readonly ('asset.created' | 'asset.playable' | 'asset.ready' | 'asset.errored' | 'asset.reencoded' | 'asset.encoding_failed' | 'asset.deleted' | 'live.started' | 'live.reconnected' | 'live.ended' | 'live.unhealthy' | 'live.recovered')[];
  readonly description?: string;
  /** False after an answer of 410, or by hand: nothing is sent then. */
  readonly enabled: boolean;
  /** What messages are signed with. Only in the answer that made the webhook. */
  readonly secret?: string;
  readonly createdAt: string;
}

export interface WebhookChange {
  /** An http or https URL. Redirects are not followed. */
  readonly url?: string;
  /** What the endpoint hears of. Left out at creation: everything, also events that come later. */
  readonly events?: readonly ('asset.created' | 'asset.playable' | 'asset.ready' | 'asset.errored' | 'asset.reencoded' | 'asset.encoding_failed' | 'asset.deleted' | 'live.started' | 'live.reconnected' | 'live.ended' | 'live.unhealthy' | 'live.recovered')[];
  readonly enabled?: boolean;
}

/** Every operation by method and path: the parts of a request, and the body of the answer. */
export interface Operations {
  /** Tell whether the process runs. Asks nothing of anybody else: for whoever restarts a process that hangs. */
  'GET /health/live': {
    readonly answer: {
      readonly status: 'ok';
    };
  };
  /** Tell whether requests make sense. Asks the database and the store: for whoever sends requests here. */
  'GET /health/ready': {
    readonly answer: {
      readonly status: 'ok';
    };
  };
  /** Show metrics. In the text format of Prometheus. */
  'GET /metrics': {
    readonly answer: string;
  };
  /** List films. Newest first, a page at a time. Needs the scope `assets:read`. */
  'GET /v1/assets': {
    readonly query?: {
      /** How many at most. */
      readonly limit?: number;
      /** The `nextCursor` of the page before. Left out: the first page. */
      readonly cursor?: string;
    };
    readonly answer: AssetPage;
  };
  /** Bring a film in by one request. The body is the film, or JSON naming the URL to pull it from. Needs the scope `uploads:write`. */
  'POST /v1/assets': {
    readonly query?: {
      /** Left out: the file's name. */
      readonly title?: string;
      /** Whether viewers need a grant. */
      readonly policy?: 'public' | 'signed';
      /** Whether segments are encrypted (HLS, AES-128). Left out: none. */
      readonly encryption?: 'aes-128' | 'none';
      /** The name of the file that is sent. */
      readonly filename?: string;
      /** What the sound is brought to, in LUFS, such as -23 (EBU R128) or -16. Left out: as loud as it is. */
      readonly loudness?: number;
    };
    readonly body: Pull | Bytes;
    readonly answer: Asset;
  };
  /** Delete a film. With everything made from it. Edges are told, so that nothing stored of it is served. Needs the scope `assets:write`. */
  'DELETE /v1/assets/{assetId}': {
    readonly path: {
      /** The id of the asset. */
      readonly assetId: string;
    };
    readonly answer: undefined;
  };
  /** Show a film. With its state, its renditions and the addresses it plays from. Needs the scope `assets:read`. */
  'GET /v1/assets/{assetId}': {
    readonly path: {
      /** The id of the asset. */
      readonly assetId: string;
    };
    readonly answer: Asset;
  };
  /** Change a film's title or policy. A change of policy counts for what is asked for from now on. Needs the scope `assets:write`. */
  'PATCH /v1/assets/{assetId}': {
    readonly path: {
      /** The id of the asset. */
      readonly assetId: string;
    };
    readonly body: AssetChange;
    readonly answer: Asset;
  };
  /** Make a clip of an asset. Makes a new asset of a part of one that is ready, or of a broadcast that is being recorded. Nothing is encoded: the clip has the segments that the span touches, so it may begin a little sooner and end a little later, which its `clip` tells, and is ready at once. Players begin where the span does. Neither asset needs the other. Subtitles come along, as far as they say something in it. Needs the scope `assets:write`. */
  'POST /v1/assets/{assetId}/clips': {
    readonly path: {
      /** The id of the asset. */
      readonly assetId: string;
    };
    readonly body: NewClip;
    readonly answer: Asset;
  };
  /** Encode an asset again. Makes a new version of an asset from its stored source: of one that is ready, that was given up, or whose first version is still being made, which then goes first. Viewers keep the present version until the new one is whole. Asking for the same again while it runs changes nothing; asking for another makes that one instead. Needs the scope `assets:write`. */
  'POST /v1/assets/{assetId}/encodings': {
    readonly path: {
      /** The id of the asset. */
      readonly assetId: string;
    };
    readonly body: NewEncoding;
    readonly answer: Asset;
  };
  /** List a film's subtitles. Its own and uploaded ones, those that are not on the playlist yet too. Needs the scope `assets:read`. */
  'GET /v1/assets/{assetId}/subtitles': {
    readonly path: {
      /** The id of the asset. */
      readonly assetId: string;
    };
    readonly answer: {
      readonly items: readonly Subtitles[];
    };
  };
  /** Remove uploaded subtitles. Removes an upload; the film's own subtitles of that language, if any, are shown again. Needs the scope `assets:write`. */
  'DELETE /v1/assets/{assetId}/subtitles/{language}': {
    readonly path: {
      /** The id of the asset. */
      readonly assetId: string;
      /** BCP 47. */
      readonly language: string;
    };
    readonly answer: undefined;
  };
  /** Upload subtitles. The body is SRT or WebVTT. It takes the place of what was uploaded in that language before. Needs the scope `assets:write`. */
  'PUT /v1/assets/{assetId}/subtitles/{language}': {
    readonly path: {
      /** The id of the asset. */
      readonly assetId: string;
      /** BCP 47. */
      readonly language: string;
    };
    readonly query?: {
      /** What a menu shows; otherwise the language's name. */
      readonly name?: string;
      /** Captions tell the sounds too, for those who do not hear them. */
      readonly kind?: 'subtitles' | 'captions';
      /** Shown unless the viewer says otherwise. */
      readonly default?: boolean;
      /** Only what must be read to follow the film, such as signs. */
      readonly forced?: boolean;
    };
    readonly body: Bytes;
    readonly answer: Subtitles;
  };
  /** Who changed what, newest first. A page at a time. Nothing of the API changes or removes a record. Needs the scope `audit:read`. */
  'GET /v1/audit-log': {
    readonly query?: {
      /** How many at most. */
      readonly limit?: number;
      /** The `nextCursor` of the page before. Left out: the first page. */
      readonly cursor?: string;
      /** A collection, such as `assets`, or one of it, such as `assets/as_k3v9mn2p4q7r8s5t`. */
      readonly resource?: string;
      /** The id of a user, token or edge. */
      readonly actor?: string;
      /** From then on. */
      readonly since?: string;
      /** Before then. */
      readonly until?: string;
    };
    readonly answer: {
      readonly items: readonly AuditRecord[];
      readonly nextCursor: string | null;
    };
  };
  /** List cache policies. Newest first. Managed policies stand at the end. Needs the scope `policies:read`. */
  'GET /v1/cache-policies': {
    readonly query?: {
      /** How many at most. */
      readonly limit?: number;
      /** The `nextCursor` of the page before. Left out: the first page. */
      readonly cursor?: string;
      /** Managed policies alone, or those of your own. */
      readonly type?: 'managed' | 'custom';
    };
    readonly answer: {
      readonly items: readonly CachePolicy[];
      readonly nextCursor: string | null;
    };
  };
  /** Make a cache policy. A cache policy says for how long an answer is kept, and what tells answers of one path apart. What is left out is filled in. What would not work is refused, field by field. Needs the scope `policies:write`. */
  'POST /v1/cache-policies': {
    readonly body: CachePolicyConfig;
    readonly answer: CachePolicy;
  };
  /** Delete a cache policy. At once. What a distribution still names is refused. Needs the scope `policies:write`. */
  'DELETE /v1/cache-policies/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly answer: undefined;
  };
  /** Show a cache policy. A cache policy says for how long an answer is kept, and what tells answers of one path apart. With everything filled in, and with what may not be meant. Needs the scope `policies:read`. */
  'GET /v1/cache-policies/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly answer: CachePolicy;
  };
  /** Change a cache policy. Takes the whole document: what is left out is filled in anew. Edges have it within a second. Needs the scope `policies:write`. */
  'PUT /v1/cache-policies/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly body: CachePolicyConfig;
    readonly answer: CachePolicy;
  };
  /** List distributions. Newest first. `tag.NAME=VALUE` in the query finds distributions with this tag. Needs the scope `distributions:read`. */
  'GET /v1/distributions': {
    readonly query?: {
      /** How many at most. */
      readonly limit?: number;
      /** The `nextCursor` of the page before. Left out: the first page. */
      readonly cursor?: string;
    };
    readonly answer: {
      readonly items: readonly Distribution[];
      readonly nextCursor: string | null;
    };
  };
  /** Make a distribution. A distribution says from which origins edges serve which paths of which hosts, and by which rules. What is left out is filled in. What would not work is refused, field by field. Needs the scope `distributions:write`. */
  'POST /v1/distributions': {
    readonly body: DistributionConfig;
    readonly answer: Distribution;
  };
  /** Delete a distribution. At once. What a distribution still names is refused. Needs the scope `distributions:write`. */
  'DELETE /v1/distributions/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly answer: undefined;
  };
  /** Show a distribution. A distribution says from which origins edges serve which paths of which hosts, and by which rules. With everything filled in, and with what may not be meant. Needs the scope `distributions:read`. */
  'GET /v1/distributions/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly answer: Distribution;
  };
  /** Change a distribution. Takes the whole document: what is left out is filled in anew. Edges have it within a second. Needs the scope `distributions:write`. */
  'PUT /v1/distributions/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly body: DistributionConfig;
    readonly answer: Distribution;
  };
  /** List invalidations. Newest first. Needs the scope `invalidations:read`. */
  'GET /v1/distributions/{id}/invalidations': {
    readonly path: {
      /** Of the distribution. */
      readonly id: string;
    };
    readonly query?: {
      /** How many at most. */
      readonly limit?: number;
      /** The `nextCursor` of the page before. Left out: the first page. */
      readonly cursor?: string;
    };
    readonly answer: {
      readonly items: readonly Invalidation[];
      readonly nextCursor: string | null;
    };
  };
  /** Invalidate paths and tags. Edges forget what fits, within a second where they are connected. The same `callerReference` with the same paths finds the first one again. Needs the scope `invalidations:write`. */
  'POST /v1/distributions/{id}/invalidations': {
    readonly path: {
      /** Of the distribution. */
      readonly id: string;
    };
    readonly body: NewInvalidation;
    readonly answer: Invalidation;
  };
  /** Show an invalidation. Completed once every edge has it. Needs the scope `invalidations:read`. */
  'GET /v1/distributions/{id}/invalidations/{invalidationId}': {
    readonly path: {
      /** Of the distribution. */
      readonly id: string;
      /** The id of the invalidation. */
      readonly invalidationId: string;
    };
    readonly answer: Invalidation;
  };
  /** Make a token that lets one edge in. The edge exchanges it for an id and a key of its own: `frontrow edge --control URL --enrol TOKEN`. It is good once, and shown this once. Needs the scope `edges:write`. */
  'POST /v1/edge-enrolments': {
    readonly body: NewEdgeEnrolment;
    readonly answer: EdgeEnrolment;
  };
  /** List the edges. How each is, and how far it is with the changes that were made here. Needs the scope `edges:read`. */
  'GET /v1/edges': {
    readonly answer: {
      /** Of the newest change; an edge that has this number has everything. */
      readonly revision: number;
      readonly items: readonly Edge[];
    };
  };
  /** Revoke an edge. Control and origin refuse it within two seconds, for good; it has to enrol anew. It goes on serving what it has. Needs the scope `edges:write`. */
  'DELETE /v1/edges/{edgeId}': {
    readonly path: {
      /** Such as ed_k3v9mn2p4q7r8s5t. */
      readonly edgeId: string;
    };
    readonly answer: undefined;
  };
  /** Read an edge. How it is, as it said some seconds ago. Needs the scope `edges:read`. */
  'GET /v1/edges/{edgeId}': {
    readonly path: {
      /** Such as ed_k3v9mn2p4q7r8s5t. */
      readonly edgeId: string;
    };
    readonly answer: Edge;
  };
  /** Rename, place or drain an edge. A drained edge gets no new viewers; players of those it has go on at another. Needs the scope `edges:write`. */
  'PATCH /v1/edges/{edgeId}': {
    readonly path: {
      /** Such as ed_k3v9mn2p4q7r8s5t. */
      readonly edgeId: string;
    };
    readonly body: EdgeChange;
    readonly answer: Edge;
  };
  /** List key groups. Newest first. Keys that stand at a JWKS URL are not shown. Needs the scope `keys:read`. */
  'GET /v1/key-groups': {
    readonly query?: {
      /** How many at most. */
      readonly limit?: number;
      /** The `nextCursor` of the page before. Left out: the first page. */
      readonly cursor?: string;
    };
    readonly answer: {
      readonly items: readonly KeyGroup[];
      readonly nextCursor: string | null;
    };
  };
  /** Make a key group. A key group names signing keys that are trusted together. What is left out is filled in. What would not work is refused, field by field. Needs the scope `keys:write`. */
  'POST /v1/key-groups': {
    readonly body: KeyGroupConfig;
    readonly answer: KeyGroup;
  };
  /** Delete a key group. At once. What a distribution still names is refused. Needs the scope `keys:write`. */
  'DELETE /v1/key-groups/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly answer: undefined;
  };
  /** Show a key group. A key group names signing keys that are trusted together. With everything filled in, and with what may not be meant. Needs the scope `keys:read`. */
  'GET /v1/key-groups/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly answer: KeyGroup;
  };
  /** Change a key group. Takes the whole document: what is left out is filled in anew. Edges have it within a second. Needs the scope `keys:write`. */
  'PUT /v1/key-groups/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly body: KeyGroupConfig;
    readonly answer: KeyGroup;
  };
  /** The ladders that an asset can be encoded by. By their names, which an upload or another encoding may give. Needs the scope `assets:read`. */
  'GET /v1/ladders': {
    readonly answer: {
      readonly items: readonly Ladder[];
    };
  };
  /** List live streams. Newest first, a page at a time, without their stream keys. Needs the scope `live:read`. */
  'GET /v1/live-streams': {
    readonly query?: {
      /** How many at most. */
      readonly limit?: number;
      /** The `nextCursor` of the page before. Left out: the first page. */
      readonly cursor?: string;
    };
    readonly answer: LiveStreamPage;
  };
  /** Make a live stream. An address that can be published to again and again, with its stream key and where to publish. `CONFLICT` (409) where there are 10,000. Needs the scope `live:write`. */
  'POST /v1/live-streams': {
    readonly body: NewLiveStream;
    readonly answer: LiveStream;
  };
  /** Delete a live stream. Ends a broadcast under way, and is gone for viewers of every edge within two seconds. What was recorded stays. Needs the scope `live:write`. */
  'DELETE /v1/live-streams/{streamId}': {
    readonly path: {
      /** The id of the stream. */
      readonly streamId: string;
    };
    readonly answer: undefined;
  };
  /** Show a live stream. With its last broadcast and the health of its source; with its stream key for who may change it. Needs the scope `live:read`. */
  'GET /v1/live-streams/{streamId}': {
    readonly path: {
      /** The id of the stream. */
      readonly streamId: string;
    };
    readonly answer: LiveStream;
  };
  /** Change a live stream. What is left out stays as it is. Title, policy and chat count at once, and disabling ends a broadcast under way; all else counts from the next broadcast on. Needs the scope `live:write`. */
  'PATCH /v1/live-streams/{streamId}': {
    readonly path: {
      /** The id of the stream. */
      readonly streamId: string;
    };
    readonly body: LiveStreamChange;
    readonly answer: LiveStream;
  };
  /** List the broadcasts of a live stream. Newest first, a page at a time, with the assets that they became. Needs the scope `live:read`. */
  'GET /v1/live-streams/{streamId}/broadcasts': {
    readonly path: {
      /** The id of the stream. */
      readonly streamId: string;
    };
    readonly query?: {
      /** How many at most. */
      readonly limit?: number;
      /** The `nextCursor` of the page before. Left out: the first page. */
      readonly cursor?: string;
    };
    readonly answer: BroadcastPage;
  };
  /** Let somebody say nothing more in the chat. For a time, or until it is taken back. What was said stays until it is deleted. Needs the scope `live:write`. */
  'POST /v1/live-streams/{streamId}/chat/bans': {
    readonly path: {
      /** The id of the stream. */
      readonly streamId: string;
    };
    readonly body: NewChatBan;
    readonly answer: ChatBan;
  };
  /** Let somebody speak in the chat again. Nothing changes for who was not banned. Needs the scope `live:write`. */
  'DELETE /v1/live-streams/{streamId}/chat/bans/{authorId}': {
    readonly path: {
      /** The id of the stream. */
      readonly streamId: string;
      /** The `author.id` of what somebody said. */
      readonly authorId: string;
    };
    readonly answer: undefined;
  };
  /** Take back what somebody said. Viewers are told to show it no more, and who joins later gets it without its words. Needs the scope `live:write`. */
  'DELETE /v1/live-streams/{streamId}/chat/messages/{messageId}': {
    readonly path: {
      /** The id of the stream. */
      readonly streamId: string;
      /** The id of the message. */
      readonly messageId: string;
    };
    readonly answer: undefined;
  };
  /** End the broadcast under way. Publishers are sent away, and viewers get to the end of the playlist. The stream can go live again. `LIVE_STREAM_IDLE` (409) while nothing is broadcast, `LIVE_NODE_AWAY` (502) where the node of the stream does not answer. Needs the scope `live:write`. */
  'POST /v1/live-streams/{streamId}/end': {
    readonly path: {
      /** The id of the stream. */
      readonly streamId: string;
    };
    readonly answer: LiveStream;
  };
  /** Tell viewers something at this moment of the broadcast. By the channel, with the media time at which it came; what is no longer than 2,000 characters of JSON also by the playlists, as EXT-X-DATERANGE. `LIVE_STREAM_IDLE` (409) while nothing is broadcast. Needs the scope `live:write`. */
  'POST /v1/live-streams/{streamId}/metadata': {
    readonly path: {
      /** The id of the stream. */
      readonly streamId: string;
    };
    readonly body: NewMetadata;
    readonly answer: Metadata;
  };
  /** Make a new stream key. The old one stops at once; a publisher who came in by it is sent away and may come back with the new. After `LIVE_NODE_AWAY` (502) the new key counts all the same, and the node sends the publisher away when it hears of it. Needs the scope `live:write`. */
  'POST /v1/live-streams/{streamId}/stream-key': {
    readonly path: {
      /** The id of the stream. */
      readonly streamId: string;
    };
    readonly answer: LiveStream;
  };
  /** List origin access controls. Newest first. `tag.NAME=VALUE` in the query finds distributions with this tag. Needs the scope `distributions:read`. */
  'GET /v1/origin-access-controls': {
    readonly query?: {
      /** How many at most. */
      readonly limit?: number;
      /** The `nextCursor` of the page before. Left out: the first page. */
      readonly cursor?: string;
    };
    readonly answer: {
      readonly items: readonly OriginAccessControl[];
      readonly nextCursor: string | null;
    };
  };
  /** Make an origin access control. An origin access control says how requests to an origin are signed. What is left out is filled in. What would not work is refused, field by field. Needs the scope `distributions:write`. */
  'POST /v1/origin-access-controls': {
    readonly body: NewOriginAccessControlConfig;
    readonly answer: OriginAccessControl;
  };
  /** Delete an origin access control. At once. What a distribution still names is refused. Needs the scope `distributions:write`. */
  'DELETE /v1/origin-access-controls/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly answer: undefined;
  };
  /** Show an origin access control. An origin access control says how requests to an origin are signed. With everything filled in, and with what may not be meant. Needs the scope `distributions:read`. */
  'GET /v1/origin-access-controls/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly answer: OriginAccessControl;
  };
  /** Change an origin access control. Takes the whole document: what is left out is filled in anew. Edges have it within a second. Needs the scope `distributions:write`. */
  'PUT /v1/origin-access-controls/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly body: NewOriginAccessControlConfig;
    readonly answer: OriginAccessControl;
  };
  /** List origin request policies. Newest first. Managed policies stand at the end. Needs the scope `policies:read`. */
  'GET /v1/origin-request-policies': {
    readonly query?: {
      /** How many at most. */
      readonly limit?: number;
      /** The `nextCursor` of the page before. Left out: the first page. */
      readonly cursor?: string;
      /** Managed policies alone, or those of your own. */
      readonly type?: 'managed' | 'custom';
    };
    readonly answer: {
      readonly items: readonly OriginRequestPolicy[];
      readonly nextCursor: string | null;
    };
  };
  /** Make an origin request policy. An origin request policy says what of a request an origin is told beside what the cache policy names. What is left out is filled in. What would not work is refused, field by field. Needs the scope `policies:write`. */
  'POST /v1/origin-request-policies': {
    readonly body: OriginRequestPolicyConfig;
    readonly answer: OriginRequestPolicy;
  };
  /** Delete an origin request policy. At once. What a distribution still names is refused. Needs the scope `policies:write`. */
  'DELETE /v1/origin-request-policies/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly answer: undefined;
  };
  /** Show an origin request policy. An origin request policy says what of a request an origin is told beside what the cache policy names. With everything filled in, and with what may not be meant. Needs the scope `policies:read`. */
  'GET /v1/origin-request-policies/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly answer: OriginRequestPolicy;
  };
  /** Change an origin request policy. Takes the whole document: what is left out is filled in anew. Edges have it within a second. Needs the scope `policies:write`. */
  'PUT /v1/origin-request-policies/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly body: OriginRequestPolicyConfig;
    readonly answer: OriginRequestPolicy;
  };
  /** Sign a grant for a film or a live stream. By the server's own key, in every carrier: signed URLs, cookies, a token. Needs the scope `grants:write`. */
  'POST /v1/playback-grants': {
    readonly body: NewGrant;
    readonly answer: PlaybackGrant;
  };
  /** List response headers policies. Newest first. Managed policies stand at the end. Needs the scope `policies:read`. */
  'GET /v1/response-headers-policies': {
    readonly query?: {
      /** How many at most. */
      readonly limit?: number;
      /** The `nextCursor` of the page before. Left out: the first page. */
      readonly cursor?: string;
      /** Managed policies alone, or those of your own. */
      readonly type?: 'managed' | 'custom';
    };
    readonly answer: {
      readonly items: readonly ResponseHeadersPolicy[];
      readonly nextCursor: string | null;
    };
  };
  /** Make a response headers policy. A response headers policy says which fields the answers of edges have. What is left out is filled in. What would not work is refused, field by field. Needs the scope `policies:write`. */
  'POST /v1/response-headers-policies': {
    readonly body: ResponseHeadersPolicyConfig;
    readonly answer: ResponseHeadersPolicy;
  };
  /** Delete a response headers policy. At once. What a distribution still names is refused. Needs the scope `policies:write`. */
  'DELETE /v1/response-headers-policies/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly answer: undefined;
  };
  /** Show a response headers policy. A response headers policy says which fields the answers of edges have. With everything filled in, and with what may not be meant. Needs the scope `policies:read`. */
  'GET /v1/response-headers-policies/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly answer: ResponseHeadersPolicy;
  };
  /** Change a response headers policy. Takes the whole document: what is left out is filled in anew. Edges have it within a second. Needs the scope `policies:write`. */
  'PUT /v1/response-headers-policies/{id}': {
    readonly path: {
      /** Such as stands in the answer that made it. */
      readonly id: string;
    };
    readonly body: ResponseHeadersPolicyConfig;
    readonly answer: ResponseHeadersPolicy;
  };
  /** List revoked grants. Newest first; those whose grants are over go by themselves. Needs the scope `revocations:read`. */
  'GET /v1/revocations': {
    readonly query?: {
      /** How many at most. */
      readonly limit?: number;
      /** The `nextCursor` of the page before. Left out: the first page. */
      readonly cursor?: string;
    };
    readonly answer: {
      readonly items: readonly Revocation[];
      readonly nextCursor: string | null;
    };
  };
  /** Revoke a single grant. Give the signed URL, the cookies, the token, or the id of a token. Edges refuse it within two seconds, by whichever carrier it comes, and what they derived of it. Needs the scope `revocations:write`. */
  'POST /v1/revocations': {
    readonly body: NewRevocation;
    readonly answer: Revocation;
  };
  /** Take a revocation back. The grant counts again, until it is over. Needs the scope `revocations:write`. */
  'DELETE /v1/revocations/{revocationId}': {
    readonly path: {
      /** Such as rv_k3v9…. */
      readonly revocationId: string;
    };
    readonly answer: undefined;
  };
  /** Read a revocation. Which grant, by which key, and why. Needs the scope `revocations:read`. */
  'GET /v1/revocations/{revocationId}': {
    readonly path: {
      /** Such as rv_k3v9…. */
      readonly revocationId: string;
    };
    readonly answer: Revocation;
  };
  /** Find the nearest edge. By the address that asks. Needs no token. */
  'GET /v1/route': {
    readonly query?: {
      /** Path and query at the edge, such as /assets/as_k3v9mn2p4q7r8s5t/master.m3u8. */
      readonly path?: string;
    };
    readonly answer: Route;
  };
  /** Sign in by a link. Exchanges what a sign-in link carries, once, for a session of its user. */
  'POST /v1/sessions': {
    readonly body: NewSession;
    readonly answer: OpenedSession;
  };
  /** Sign out. Revokes the session that asks. A token that is no session is answered 409. */
  'DELETE /v1/sessions/current': {
    readonly answer: undefined;
  };
  /** Show who is signed in. Whose the bearer token is, and what it gives now. Any token may ask. */
  'GET /v1/sessions/current': {
    readonly answer: CurrentSession;
  };
  /** List signing keys. The server's own and revoked ones too; never a private half. Needs the scope `keys:read`. */
  'GET /v1/signing-keys': {
    readonly answer: {
      readonly items: readonly SigningKey[];
    };
  };
  /** Make or register a signing key. Makes a pair and shows its private half this once; or registers the public half of a pair that you have. Edges accept what it signs within a second. Needs the scope `keys:write`. */
  'POST /v1/signing-keys': {
    readonly body: NewSigningKey;
    readonly answer: SigningKey;
  };
  /** Revoke a signing key. Nothing that it signed is accepted from now on, whatever its expiry. It cannot be taken back. Needs the scope `keys:write`. */
  'DELETE /v1/signing-keys/{keyPairId}': {
    readonly path: {
      /** The id of the key pair. */
      readonly keyPairId: string;
    };
    readonly answer: undefined;
  };
  /** List API tokens. Expired and revoked ones too, without the tokens themselves. Needs the scope `tokens:read`. */
  'GET /v1/tokens': {
    readonly answer: {
      readonly items: readonly ApiToken[];
    };
  };
  /** Make an API token. The answer shows it this once. It gives no more than its maker has, and is revoked when its maker is revoked or deleted. Needs the scope `tokens:write`. */
  'POST /v1/tokens': {
    readonly body: NewToken;
    readonly answer: ApiToken;
  };
  /** Revoke an API token. And every token that was made with it. Nobody revokes one that gives more than he has. It counts here at once, and on every server of the fleet within seconds. Needs the scope `tokens:write`. */
  'DELETE /v1/tokens/{tokenId}': {
    readonly path: {
      /** The id of the token. */
      readonly tokenId: string;
    };
    readonly answer: undefined;
  };
  /** Begin a resumable upload. The creation extension of tus 1.0, for which there are clients in every language. A body, of type application/offset+octet-stream, is the begin of the file. Needs the scope `uploads:write`. */
  'POST /v1/uploads': {
    readonly body: Bytes;
    readonly answer: undefined;
  };
  /** Give an upload up. The termination extension of tus 1.0. Its asset goes too. Needs the scope `uploads:write`. */
  'DELETE /v1/uploads/{id}': {
    readonly path: {
      /** The id of the upload, which is that of its asset. */
      readonly id: string;
    };
    readonly answer: undefined;
  };
  /** Ask how far an upload is. Where a tus client goes on after an interruption. Needs the scope `uploads:write`. */
  'HEAD /v1/uploads/{id}': {
    readonly path: {
      /** The id of the upload, which is that of its asset. */
      readonly id: string;
    };
    readonly answer: undefined;
  };
  /** Send the next bytes of an upload. The body, of type application/offset+octet-stream, begins at the offset that the header names. Needs the scope `uploads:write`. */
  'PATCH /v1/uploads/{id}': {
    readonly path: {
      /** The id of the upload, which is that of its asset. */
      readonly id: string;
    };
    readonly body: Bytes;
    readonly answer: undefined;
  };
  /** Send the end of a file ahead. The end of the file, ahead of what lies before it, where an MP4 has its index there: the film can then begin while it is uploaded. Content-Range says where it belongs, as in `bytes 900-999/1000`; at most 64 MiB. The upload brings these bytes all the same, and only what it brings counts. Needs the scope `uploads:write`. */
  'PUT /v1/uploads/{id}/tail': {
    readonly path: {
      /** The id of the upload, which is that of its asset. */
      readonly id: string;
    };
    readonly body: Bytes;
    readonly answer: undefined;
  };
  /** List users. Oldest first, disabled ones too. Needs the scope `users:read`. */
  'GET /v1/users': {
    readonly answer: {
      readonly items: readonly User[];
    };
  };
  /** Add a user. There are no passwords: a sign-in link signs a user in. Needs the scope `users:write`. */
  'POST /v1/users': {
    readonly body: NewUser;
    readonly answer: User;
  };
  /** Delete a user. Signs the user out, and revokes every token he made. Needs the scope `users:write`. */
  'DELETE /v1/users/{userId}': {
    readonly path: {
      /** The id of the user. */
      readonly userId: string;
    };
    readonly answer: undefined;
  };
  /** Show a user. With what he may do now. Needs the scope `users:read`. */
  'GET /v1/users/{userId}': {
    readonly path: {
      /** The id of the user. */
      readonly userId: string;
    };
    readonly answer: User;
  };
  /** Change, disable or enable a user. A user who is disabled, or may do less than before, is signed out everywhere. Needs the scope `users:write`. */
  'PATCH /v1/users/{userId}': {
    readonly path: {
      /** The id of the user. */
      readonly userId: string;
    };
    readonly body: UserChange;
    readonly answer: User;
  };
  /** List where a user is signed in. The sessions that are open, oldest first. Needs the scope `users:read`. */
  'GET /v1/users/{userId}/sessions': {
    readonly path: {
      /** The id of the user. */
      readonly userId: string;
    };
    readonly answer: {
      readonly items: readonly Session[];
    };
  };
  /** Sign a user out. Ends one of his sessions, at once. Needs the scope `users:write`. */
  'DELETE /v1/users/{userId}/sessions/{sessionId}': {
    readonly path: {
      /** The id of the user. */
      readonly userId: string;
      /** The id of the session. */
      readonly sessionId: string;
    };
    readonly answer: undefined;
  };
  /** Make a link that signs a user in. It works once, and is shown this once. Give it to nobody else. Needs the scope `users:write`. */
  'POST /v1/users/{userId}/sign-in-links': {
    readonly path: {
      /** The id of the user. */
      readonly userId: string;
    };
    readonly body: NewSignInLink;
    readonly answer: SignInLink;
  };
  /** List webhooks. Without their secrets. Needs the scope `webhooks:read`. */
  'GET /v1/webhooks': {
    readonly answer: {
      readonly items: readonly Webhook[];
    };
  };
  /** Add a webhook. The answer shows its secret this once. An endpoint that names no events is told of all. Needs the scope `webhooks:write`. */
  'POST /v1/webhooks': {
    readonly body: NewWebhook;
    readonly answer: Webhook;
  };
  /** Delete a webhook. What was not delivered yet is given up. Needs the scope `webhooks:write`. */
  'DELETE /v1/webhooks/{webhookId}': {
    readonly path: {
      /** The id of the webhook. */
      readonly webhookId: string;
    };
    readonly answer: undefined;
  };
  /** Show a webhook. Without its secret. Needs the scope `webhooks:read`. */
  'GET /v1/webhooks/{webhookId}': {
    readonly path: {
      /** The id of the webhook. */
      readonly webhookId: string;
    };
    readonly answer: Webhook;
  };
  /** Change a webhook. What is left out stays as it is. A disabled endpoint is told nothing, later neither. Needs the scope `webhooks:write`. */
  'PATCH /v1/webhooks/{webhookId}': {
    readonly path: {
      /** The id of the webhook. */
      readonly webhookId: string;
    };
    readonly body: WebhookChange;
    readonly answer: Webhook;
  };
  /** List what a webhook was sent. Newest first, a page at a time. Needs the scope `webhooks:read`. */
  'GET /v1/webhooks/{webhookId}/deliveries': {
    readonly path: {
      /** The id of the webhook. */
      readonly webhookId: string;
    };
    readonly query?: {
      /** How many at most. */
      readonly limit?: number;
      /** The `nextCursor` of the page before. Left out: the first page. */
      readonly cursor?: string;
    };
    readonly answer: {
      readonly items: readonly Delivery[];
      readonly nextCursor: string | null;
    };
  };
  /** Deliver an event again. Sends the event of a delivery once more, as a delivery of its own. The event keeps its id. Needs the scope `webhooks:write`. */
  'POST /v1/webhooks/{webhookId}/deliveries/{deliveryId}/replay': {
    readonly path: {
      /** The id of the webhook. */
      readonly webhookId: string;
      /** The id of the delivery. */
      readonly deliveryId: string;
    };
    readonly answer: Delivery;
  };
  /** Send a test event. Sends a `ping`, whatever the endpoint listens to. Needs the scope `webhooks:write`. */
  'POST /v1/webhooks/{webhookId}/test': {
    readonly path: {
      /** The id of the webhook. */
      readonly webhookId: string;
    };
    readonly answer: Delivery;
  };
}
