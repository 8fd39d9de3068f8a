const PLAYLIST_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.apple.mpegurl',
  'application/x-mpegurl',
  'audio/mpegurl',
  'audio/x-mpegurl',
  'application/dash+xml',
]);

const PLAYLIST_NAME = /\.(?:m3u8|mpd)$/i;
const SEGMENT_NAME = /\.(?:m4s|ts|m4f|cmf[vat]|mp4|m4v|m4a|aac|vtt)$/i;

/** Whether an answer is a playlist or manifest of HLS or DASH, by its type or the name in its path (RFC 8216 section 4). */
export function isPlaylist(path: string, contentType: string | undefined): boolean {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  return PLAYLIST_NAME.test(path) || (type !== undefined && PLAYLIST_TYPES.has(type));
}

/** Whether a path has the name of a playlist or of a piece of media, which may come to be at any moment. */
export function isStreamFile(path: string): boolean {
  return PLAYLIST_NAME.test(path) || SEGMENT_NAME.test(path);
}
