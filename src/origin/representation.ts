import type { FilmObject } from '../kernel/film/paths.ts';

/** Media of one version never changes: nobody needs to ask twice. RFC 8246 spares even the reload. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

/** A playlist is replaced when the film is ready; two seconds keep a crowd off the origin and nobody behind for long. */
const SHORT = 'public, max-age=2, stale-while-revalidate=10, stale-if-error=86400';

/**
 * A key is handed to those who are let in and kept by nobody on the way, edges included: it is small, asked for once in
 * a viewer's session, and the one thing that makes what all of them may keep worth anything.
 */
const KEPT_BY_NOBODY = 'private, no-store';

/** A poster or storyboard changes only with a new version. */
const PICTURE = 'public, max-age=60, stale-while-revalidate=600, stale-if-error=86400';

export function contentTypeOf(object: FilmObject): string {
  switch (object.kind) {
    case 'master':
    case 'playlist':
    case 'iframes':
    case 'subtitle-playlist':
      return 'application/vnd.apple.mpegurl';
    case 'manifest':
      return 'application/dash+xml';
    case 'poster':
    case 'sheet':
      return 'image/jpeg';
    case 'storyboard':
    case 'subtitle-segment':
    case 'subtitle-file':
      return 'text/vtt; charset=utf-8';
    case 'init':
    case 'segment':
      return 'video/mp4';
    case 'key':
      return 'application/octet-stream';
  }
}

export function cacheControlOf(object: FilmObject): string {
  switch (object.kind) {
    case 'master':
    case 'manifest':
    case 'playlist':
    case 'iframes':
    case 'subtitle-playlist':
      return SHORT;
    case 'poster':
    case 'storyboard':
      return PICTURE;
    case 'init':
    case 'segment':
    case 'sheet':
    case 'subtitle-segment':
    case 'subtitle-file':
      return IMMUTABLE;
    case 'key':
      return KEPT_BY_NOBODY;
  }
}
