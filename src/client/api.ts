// Printed from the OpenAPI document; a test compares the two. `npm test -- --project golden -u` prints it anew.

/** What is sent as it is: a text, bytes, a file (`fs.openAsBlob`), or a stream, which cannot be sent a second time. */
export type Bytes = string | Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array>;

export interface ApiToken {
  readonly tokenId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Only in the answer that made it: it is not kept. */
  readonly token?: string;
  readonly createdAt: string;
  readonly expiresAt: string;
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

export interface Delivery {
  readonly deliveryId: string;
  readonly webhookId: string;
  readonly eventId: string;
  readonly type: 'asset.created' | 'asset.playable' | 'asset.ready' | 'asset.errored' | 'asset.reencoded' | 'asset.encoding_failed' | 'asset.deleted' | 'ping';
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
  readonly assetId: string;
  readonly expiresInSeconds?: number;
  readonly startsAt?: string;
  /** The only IPv4 address or network that may use the grant. */
  readonly ip?: string;
}

export interface NewSession {
  /** What stands behind `#/sign-in/` in the link. */
  readonly signInToken: string;
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
  readonly expiresInSeconds?: number;
}

export interface NewWebhook {
  /** An http or https URL. Redirects are not followed. */
  readonly url: string;
  /** What the endpoint hears of. Left out at creation: everything, also events that come later. */
  readonly events?: readonly ('asset.created' | 'asset.playable' | 'asset.ready' | 'asset.errored' | 'asset.reencoded' | 'asset.encoding_failed' | 'asset.deleted')[];
  readonly description?: string;
}

export interface PlaybackGrant {
  readonly assetId: string;
  readonly expiresAt: string;
  readonly keyPairId: string;
  readonly url: string;
  readonly dashUrl?: string;
  readonly posterUrl: string;
  readonly storyboardUrl: string;
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

export interface Webhook {
  readonly webhookId: string;
  readonly url: string;
  readonly events: readonly ('asset.created' | 'asset.playable' | 'asset.ready' | 'asset.errored' | 'asset.reencoded' | 'asset.encoding_failed' | 'asset.deleted')[];
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
  readonly events?: readonly ('asset.created' | 'asset.playable' | 'asset.ready' | 'asset.errored' | 'asset.reencoded' | 'asset.encoding_failed' | 'asset.deleted')[];
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
      /** BCP 47, such as de or pt-BR. */
      readonly language: string;
    };
    readonly answer: undefined;
  };
  /** Upload subtitles. The body is SRT or WebVTT. It takes the place of what was uploaded in that language before. Needs the scope `assets:write`. */
  'PUT /v1/assets/{assetId}/subtitles/{language}': {
    readonly path: {
      /** The id of the asset. */
      readonly assetId: string;
      /** BCP 47, such as de or pt-BR. */
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
  /** The ladders that an asset can be encoded by. By their names, which an upload or another encoding may give. Needs the scope `assets:read`. */
  'GET /v1/ladders': {
    readonly answer: {
      readonly items: readonly Ladder[];
    };
  };
  /** Sign a grant for a film. By the server's own key, in every carrier: signed URLs, cookies, a token. Needs the scope `grants:write`. */
  'POST /v1/playback-grants': {
    readonly body: NewGrant;
    readonly answer: PlaybackGrant;
  };
  /** Sign in by a link. Changes the token of a sign-in link for one that the console uses. */
  'POST /v1/sessions': {
    readonly body: NewSession;
    readonly answer: {
      readonly token: string;
      readonly expiresAt: string;
    };
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
  /** Make an API token. The answer shows it this once. It may do no more than its maker. Needs the scope `tokens:write`. */
  'POST /v1/tokens': {
    readonly body: NewToken;
    readonly answer: ApiToken;
  };
  /** Revoke an API token. It counts here at once, and on every server of the fleet within seconds. Needs the scope `tokens:write`. */
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
