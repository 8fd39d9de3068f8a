/** A tag's URI attribute; attribute values hold no quotes, so the next quote ends it. */
const URI_ATTRIBUTE = /([:,]URI=")([^"]*)(")/g;

/**
 * The playlist with every URI, of URI lines and of URI="" attributes, replaced by what `map` makes of it. Everything
 * else, line ends and blanks included, stays byte for byte as it was.
 */
export function rewriteUris(playlist: string, map: (uri: string) => string): string {
  // Splitting with the separators kept, so that mixed line ends survive.
  return playlist
    .split(/(\r?\n)/)
    .map((part, index) => (index % 2 === 1 ? part : rewriteLine(part, map)))
    .join('');
}

/** Whether a URI of a playlist is a relative path below the playlist's own folder, as our playlists name their children. */
export function namesChild(uri: string): boolean {
  return !uri.startsWith('/') && !/^[a-z][a-z0-9+.-]*:/i.test(uri) && !uri.includes('..');
}

function rewriteLine(line: string, map: (uri: string) => string): string {
  if (line.startsWith('#EXT')) {
    return line.replace(
      URI_ATTRIBUTE,
      (_whole, before: string, uri: string, after: string) => before + map(uri) + after,
    );
  }
  if (line.startsWith('#') || line.trim() === '') return line;
  const uri = line.trim();
  const at = line.indexOf(uri);
  return line.slice(0, at) + map(uri) + line.slice(at + uri.length);
}
