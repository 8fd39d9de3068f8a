import { RECORDED_PICTURES_KIND } from '../queue/recorded-pictures.ts';
import { SUBTITLE_CHANGE_KIND } from '../queue/subtitle-change.ts';

/** Work whose end makes a film whole; pictures and the digest are wanted, yet nothing waits for them. */
export const CHUNK_KINDS = ['copy', 'video', 'audio'];
export const FILM_KINDS = ['probe', ...CHUNK_KINDS];
export const KINDS = [
  ...FILM_KINDS,
  'poster',
  'storyboard',
  'subtitles',
  SUBTITLE_CHANGE_KIND,
  RECORDED_PICTURES_KIND,
  'digest',
];
