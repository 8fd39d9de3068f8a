/** Smaller than this costs so little that it is worth keeping whatever it is. */
const SMALL_BYTES = 16_384;
/** A file that only has the name of a first segment, such as a whole film's. */
const LARGEST_SEGMENT_BYTES = 4_194_304;

const PLAYLIST = /\.(?:m3u8|mpd)$/i;
const PLAYLIST_TYPE = /mpegurl|dash\+xml/i;
/** Some count from one, so the second of those that count from zero is taken along. */
const FIRST_SEGMENT = /(?:^|\D)0*[01]\.(?:m4s|ts|mp4|m4v|m4a|cmf[avt]|aac)$/i;
const INIT = /\binit[^/]*\.(?:mp4|m4s|cmf[avt])$/i;

/** Whether a viewer waits for this before the picture comes: a playlist, an init section, a first segment. */
export function isOpening(key: string, contentType: string | undefined, bodyBytes: number): boolean {
  if (bodyBytes <= SMALL_BYTES) return true;
  if (bodyBytes > LARGEST_SEGMENT_BYTES) return false;
  const path = pathOf(key);
  return FIRST_SEGMENT.test(path) || PLAYLIST.test(path) || INIT.test(path) || PLAYLIST_TYPE.test(contentType ?? '');
}

/** A key is a target, and behind a line break what tells variants apart. */
function pathOf(key: string): string {
  return key.split(/[?\n]/, 1)[0] ?? '';
}
