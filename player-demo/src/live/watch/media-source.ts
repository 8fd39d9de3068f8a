/** What a browser has for media that comes piece by piece. An iPhone has only the kind that says when it wants nothing. */
export function mediaSourceType(): typeof MediaSource | undefined {
  const { MediaSource, ManagedMediaSource } = globalThis as {
    MediaSource?: typeof globalThis.MediaSource;
    ManagedMediaSource?: typeof globalThis.MediaSource;
  };
  return MediaSource ?? ManagedMediaSource;
}
