/** Playlists as values (RFC 8216 and its successor draft): what we write, and what is read back of any playlist. */
export interface MediaPlaylist {
  /** Seconds, a whole number: no segment's duration, rounded, may be above it. */
  readonly targetDurationSeconds: number;
  readonly initUri: string;
  readonly segments: readonly { readonly uri: string; readonly durationSeconds: number }[];
}

export interface MultivariantPlaylist {
  readonly variants: readonly Variant[];
  readonly audio: readonly AudioMedia[];
}

export interface Variant {
  readonly uri: string;
  /** Peak bits a second, the audio group's included. */
  readonly bandwidthBps: number;
  readonly averageBandwidthBps: number;
  /** Every codec that playing the variant needs. */
  readonly codecs: readonly string[];
  readonly picture?: { readonly width: number; readonly height: number; readonly framesPerSecond: number };
  /** Group of `AudioMedia` that plays with it. */
  readonly audioGroup?: string;
}

export interface AudioMedia {
  readonly group: string;
  readonly name: string;
  readonly uri: string;
  readonly channels: number;
  /** BCP 47. */
  readonly language?: string;
  readonly isDefault: boolean;
}
