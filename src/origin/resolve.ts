import type { Asset } from '../database/assets.ts';
import { type Film, renditionNames, segmentCount } from '../kernel/film/film.ts';
import type { FilmObject } from '../kernel/film/paths.ts';

/**
 * What can be said of an object that is not in the store: `never` when the film has no such thing, `later` when an
 * encoder will still publish it, and then which segment's work brings it.
 */
export type Prospect = { readonly when: 'never' } | { readonly when: 'later'; readonly work?: Work };

/** The segment whose chunk, once encoded, brings the object. */
export interface Work {
  readonly rendition: string;
  readonly segment: number;
}

const NEVER: Prospect = { when: 'never' };

export function prospectOf(object: FilmObject, asset: Asset | undefined): Prospect {
  if (!asset || asset.status === 'errored' || asset.status === 'ready') return NEVER;
  if ('version' in object && object.version !== asset.version) return NEVER;
  // What is recorded is there before any playlist names it, and these come at once, in the end.
  if (asset.recording) return NEVER;
  if (!asset.film) return { when: 'later' };
  return prospectInFilm(object, asset.film);
}

function prospectInFilm(object: FilmObject, film: Film): Prospect {
  switch (object.kind) {
    case 'segment':
      return hasSegment(film, object.rendition, object.index)
        ? { when: 'later', work: { rendition: object.rendition, segment: object.index } }
        : NEVER;
    case 'init':
      return hasSegment(film, object.rendition, 0)
        ? { when: 'later', work: { rendition: object.rendition, segment: 0 } }
        : NEVER;
    case 'playlist':
      return hasSegment(film, object.rendition, 0) ? { when: 'later' } : NEVER;
    case 'iframes':
      // Written when the film is ready, and named by nobody before.
      return NEVER;
    case 'key':
      // In no store: it is there before any playlist names it.
      return NEVER;
    case 'subtitle-playlist':
    case 'subtitle-segment':
    case 'subtitle-file':
      // Stored before any playlist names them.
      return NEVER;
    case 'poster':
      return film.video ? { when: 'later' } : NEVER;
    case 'storyboard':
    case 'sheet':
      return film.storyboard ? { when: 'later' } : NEVER;
    case 'master':
    case 'manifest':
      return { when: 'later' };
  }
}

function hasSegment(film: Film, rendition: string, index: number): boolean {
  return index < segmentCount(film) && renditionNames(film).includes(rendition);
}
