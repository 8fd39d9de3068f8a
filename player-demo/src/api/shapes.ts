/** What the control API sends, as this console reads it. Fields it does not use are left out. */

export type AssetStatus = 'uploading' | 'queued' | 'playable' | 'ready' | 'errored';
export type AssetPolicy = 'public' | 'signed';
export type Encryption = 'aes-128' | 'none';

/** What the owner of a new film decides about it. */
export interface FilmWish {
  readonly policy: AssetPolicy;
  readonly encryption: Encryption;
  /** What the sound is brought to, in LUFS; left out for as loud as it is. */
  readonly loudness?: number;
}

/** What the next version of a film is to be. What is left out stays as it is. */
export interface VersionWish {
  readonly ladder?: string;
  readonly encryption?: Encryption;
  /** Null for as loud as the source. */
  readonly loudness?: number | null;
}

export interface Rendition {
  readonly name: string;
  readonly kind: 'video' | 'audio';
  readonly width?: number;
  readonly height?: number;
  readonly codecs: string;
  readonly bitrateBps: number;
}

export interface Asset {
  readonly assetId: string;
  readonly title: string;
  readonly policy: AssetPolicy;
  /** Absent for segments in the clear. */
  readonly encryption?: Encryption;
  readonly status: AssetStatus;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly source: { readonly name: string; readonly sizeBytes?: number; readonly receivedBytes?: number };
  readonly durationSeconds?: number;
  /** Absent where the sound is as loud as it was. */
  readonly loudness?: { readonly targetLufs: number };
  readonly renditions?: readonly Rendition[];
  readonly progress: { readonly segmentsDone: number; readonly segmentsTotal: number };
  readonly playbackUrl: string;
  readonly posterUrl?: string;
  readonly storyboardUrl?: string;
  readonly error?: { readonly code: string; readonly detail: string };
  /** The part of another asset that this is. */
  readonly clip?: { readonly assetId: string; readonly inSeconds: number; readonly outSeconds: number };
  /** The one that viewers get. */
  readonly version: number;
  readonly encoding?: Encoding;
}

/** What a clip is to be of its asset. */
export type ClipWish = (
  | { readonly inSeconds: number; readonly outSeconds: number }
  | { readonly lastSeconds: number }
) & { readonly title?: string };

/** The last time an asset was asked to be encoded again. Viewers get its version once it is ready. */
export interface Encoding {
  readonly version: number;
  readonly status: 'running' | 'ready' | 'failed';
  readonly ladder: string;
  readonly requestedAt: string;
  readonly progress: { readonly segmentsDone: number; readonly segmentsTotal: number };
  readonly error?: { readonly code: string; readonly detail: string };
}

export interface Ladder {
  readonly name: string;
  readonly isDefault: boolean;
  readonly rungs: readonly { readonly height: number; readonly codec: string; readonly maxrateBps: number }[];
}

export interface Subtitles {
  readonly language?: string;
  readonly name?: string;
  readonly kind: 'subtitles' | 'captions';
  readonly default: boolean;
  readonly forced: boolean;
  readonly origin: 'embedded' | 'uploaded';
  readonly createdAt: string;
  /** Published once they are on the playlist. */
  readonly status: 'pending' | 'published';
}

export interface NewSubtitles {
  readonly language: string;
  readonly name?: string;
  readonly kind: Subtitles['kind'];
  readonly default: boolean;
}

export interface AssetPage {
  readonly items: readonly Asset[];
  readonly nextCursor: string | null;
}

export interface PlaybackGrant {
  readonly assetId: string;
  readonly expiresAt: string;
  readonly keyPairId: string;
  readonly url: string;
  readonly posterUrl: string;
  readonly storyboardUrl: string;
  readonly cookies: Readonly<Record<string, string>>;
  readonly cookiePath: string;
  readonly token: string;
  readonly tokenUrl: string;
  readonly pathUrl: string;
}

export interface GrantRequest {
  readonly assetId: string;
  readonly expiresInSeconds?: number;
  readonly startsAt?: string;
  readonly ip?: string;
}

export type KeyAlgorithm = 'RSA' | 'ECDSA';

export interface SigningKey {
  readonly keyPairId: string;
  readonly name: string;
  readonly owner?: string;
  readonly algorithm: KeyAlgorithm;
  readonly publicKeyPem: string;
  readonly createdAt: string;
  readonly revokedAt?: string | null;
}

export interface NewSigningKey extends SigningKey {
  readonly privateKeyPem?: string;
}

export interface Session {
  readonly token: string;
  readonly expiresAt: string;
}

export interface CurrentSession {
  readonly kind: 'user' | 'token' | 'server';
  /** Of the user, or of the token. */
  readonly name?: string;
  readonly user?: { readonly userId: string; readonly role?: string; readonly email?: string };
  readonly expiresAt: string;
}

export type AssetEvent =
  | { readonly type: 'asset'; readonly asset: Asset }
  | { readonly type: 'deleted'; readonly assetId: string };

export type EventMessage =
  | AssetEvent
  /** Changes were left out because this reader was slow. */
  | { readonly type: 'resync' };
