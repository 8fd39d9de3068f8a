/**
 * The names of everything a film is made of. The same text is the object's key in the store and, behind a slash, its
 * path at the origin and at the edge, so nothing has to be translated but the few that name no version (`storedKey`).
 */

export const SEGMENT_DIGITS = 5;

export function filmPrefix(assetId: string): string {
  return `assets/${assetId}/`;
}

/** Everything encoded for one version: immutable, replaced as a whole by the next version. */
export function versionPrefix(assetId: string, version: number): string {
  return `assets/${assetId}/v${version}/`;
}

export function masterKey(assetId: string): string {
  return `assets/${assetId}/master.m3u8`;
}

/** The DASH manifest. */
export function manifestKey(assetId: string): string {
  return `assets/${assetId}/manifest.mpd`;
}

export function posterKey(assetId: string): string {
  return `assets/${assetId}/poster.jpg`;
}

export function storyboardKey(assetId: string): string {
  return `assets/${assetId}/storyboard.vtt`;
}

/** Objects that viewers ask for without a version. */
function unversionedKeys(assetId: string): string[] {
  return [masterKey(assetId), manifestKey(assetId), posterKey(assetId), storyboardKey(assetId)];
}

/**
 * Where an object that is asked for without a version lies in the store: the first version's under its own path, that of
 * a later one in the version's folder. So every version has its own, and the one write that makes another version the
 * served one switches them all.
 */
export function storedKey(key: string, assetId: string, version: number): string {
  if (version === 1 || !unversionedKeys(assetId).includes(key)) return key;
  return `${versionPrefix(assetId, version)}${key.slice(filmPrefix(assetId).length)}`;
}

/** Everything that one version has in the store, as prefixes and whole keys. */
export function versionKeys(assetId: string, version: number): string[] {
  return [...(version === 1 ? unversionedKeys(assetId) : []), versionPrefix(assetId, version)];
}

export function storyboardSheetKey(assetId: string, version: number, sheet: number): string {
  return `${versionPrefix(assetId, version)}storyboard/sheet-${String(sheet).padStart(3, '0')}.jpg`;
}

/** Everything of one rendition. */
export function renditionPrefix(assetId: string, version: number, rendition: string): string {
  return `${versionPrefix(assetId, version)}${rendition}/`;
}

export function mediaPlaylistKey(assetId: string, version: number, rendition: string): string {
  return `${renditionPrefix(assetId, version, rendition)}index.m3u8`;
}

/** Where the key of an encrypted version is asked for. It is in no store: the origin has it from the database. */
export function contentKeyPath(assetId: string, version: number): string {
  return `/${versionPrefix(assetId, version)}${CONTENT_KEY_NAME}`;
}

const CONTENT_KEY_NAME = 'key';

/** The same from a rendition's playlist. */
export const CONTENT_KEY_URI = `../${CONTENT_KEY_NAME}`;

/** The playlist of key frames alone, for trick play. */
export function iframePlaylistKey(assetId: string, version: number, rendition: string): string {
  return `${versionPrefix(assetId, version)}${rendition}/iframes.m3u8`;
}

export function initKey(assetId: string, version: number, rendition: string): string {
  return `${versionPrefix(assetId, version)}${rendition}/init.mp4`;
}

/** Of a recording: every session has its own. */
export function sessionInitName(session: number): string {
  return `init-${session}.mp4`;
}

export function sessionInitKey(assetId: string, version: number, rendition: string, session: number): string {
  return `${renditionPrefix(assetId, version, rendition)}${sessionInitName(session)}`;
}

export function segmentName(index: number): string {
  return `s${String(index).padStart(SEGMENT_DIGITS, '0')}.m4s`;
}

export function segmentKey(assetId: string, version: number, rendition: string, index: number): string {
  return `${versionPrefix(assetId, version)}${rendition}/${segmentName(index)}`;
}

/**
 * Everything of one subtitle rendition. It lies beside the versions: it is made of no encoding, and outlives one. Another
 * text has another name, so what is below never changes.
 */
export function subtitlePrefix(assetId: string, name: string): string {
  return `assets/${assetId}/subtitles/${name}/`;
}

export function subtitlePlaylistKey(assetId: string, name: string): string {
  return `${subtitlePrefix(assetId, name)}index.m3u8`;
}

export function subtitleSegmentName(index: number): string {
  return `s${String(index).padStart(SEGMENT_DIGITS, '0')}.vtt`;
}

/** The whole text in one file, as DASH has it. */
export function subtitleFileKey(assetId: string, name: string): string {
  return `${subtitlePrefix(assetId, name)}${SUBTITLE_FILE}`;
}

const SUBTITLE_FILE = 'all.vtt';

/** The cues of an upload as they were understood, in JSON. */
export function subtitleSourceKey(assetId: string, name: string): string {
  return `${sourcePrefix(assetId)}subtitles/${name}.json`;
}

/** Everything of an asset's source. */
export function sourcePrefix(assetId: string): string {
  return `sources/${assetId}/`;
}

export function sourceKey(assetId: string): string {
  return `${sourcePrefix(assetId)}original`;
}

/** The source as one version is made of it, where its own clock jumps: there while that version is encoded. */
export function straightenedKey(assetId: string, version: number): string {
  return `${sourcePrefix(assetId)}v${version}/straightened`;
}

/** What a path below `/assets/` names; `versioned` parts may be pending, the others are published before they are listed. */
export type FilmObject =
  | { readonly kind: 'master' | 'manifest' | 'poster' | 'storyboard'; readonly assetId: string }
  | {
      readonly kind: 'playlist' | 'iframes' | 'init';
      readonly assetId: string;
      readonly version: number;
      readonly rendition: string;
      /** Of a recording, where every session has its own. */
      readonly session?: number;
    }
  | {
      readonly kind: 'segment';
      readonly assetId: string;
      readonly version: number;
      readonly rendition: string;
      readonly index: number;
    }
  | { readonly kind: 'key'; readonly assetId: string; readonly version: number }
  | { readonly kind: 'sheet'; readonly assetId: string; readonly version: number; readonly sheet: number }
  | {
      readonly kind: 'subtitle-playlist' | 'subtitle-segment' | 'subtitle-file';
      readonly assetId: string;
      readonly subtitles: string;
    };

const FILM_PATH =
  /^\/assets\/(?<asset>as_[a-z0-9]{16})\/(?:(?<master>master\.m3u8)|(?<manifest>manifest\.mpd)|(?<poster>poster\.jpg)|(?<storyboard>storyboard\.vtt)|subtitles\/(?<subtitles>[a-z0-9][a-z0-9-]{0,31})\/(?:(?<texts>index\.m3u8)|(?<whole>all(?:-[1-9]\d{0,5})?\.vtt)|s\d{5,6}\.vtt)|v(?<version>[1-9]\d{0,5})\/(?:(?<key>key)|storyboard\/sheet-(?<sheet>\d{3,4})\.jpg|(?<rendition>[a-z0-9][a-z0-9-]{0,31})\/(?:(?<playlist>index\.m3u8)|(?<iframes>iframes\.m3u8)|(?<init>init(?:-(?<session>[1-9]\d{0,5}))?\.mp4)|s(?<segment>\d{5,8})\.m4s)))$/;

/** Reads a path of the shape this file writes; undefined for every other text, so `..` never gets past it. */
export function parseFilmPath(path: string): FilmObject | undefined {
  const groups = FILM_PATH.exec(path)?.groups;
  if (!groups) return undefined;
  const assetId = groups.asset ?? '';
  if (groups.master) return { kind: 'master', assetId };
  if (groups.manifest) return { kind: 'manifest', assetId };
  if (groups.poster) return { kind: 'poster', assetId };
  if (groups.storyboard) return { kind: 'storyboard', assetId };
  const { subtitles } = groups;
  if (subtitles !== undefined) {
    const kind = groups.texts ? 'subtitle-playlist' : groups.whole ? 'subtitle-file' : 'subtitle-segment';
    return { kind, assetId, subtitles };
  }
  const version = Number(groups.version);
  if (groups.key) return { kind: 'key', assetId, version };
  if (groups.sheet !== undefined) return { kind: 'sheet', assetId, version, sheet: Number(groups.sheet) };
  const rendition = groups.rendition ?? '';
  if (groups.playlist) return { kind: 'playlist', assetId, version, rendition };
  if (groups.iframes) return { kind: 'iframes', assetId, version, rendition };
  if (groups.init) {
    const session = groups.session === undefined ? {} : { session: Number(groups.session) };
    return { kind: 'init', assetId, version, rendition, ...session };
  }
  return { kind: 'segment', assetId, version, rendition, index: Number(groups.segment) };
}
