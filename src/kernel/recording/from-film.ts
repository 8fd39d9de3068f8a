import { type Film, segmentCount, segmentTiming } from '../film/film.ts';
import type { LiveSegment } from '../live/broadcast.ts';
import type { StoredRecording } from './recording.ts';

/** The one session that a film counts as. */
export const FILM_SESSION = 1;

/** A film that is whole, as what its segments are: so a part of it can be taken. `published` holds what is known of them. */
export function storedFilm(
  film: Film,
  published: readonly (Pick<LiveSegment, 'rendition' | 'bytes' | 'keyFrame'> & { readonly segment: number })[],
): StoredRecording {
  const { video, audio } = film;
  const renditions = (video?.renditions ?? []).map(({ name, width, height, codecs, maxrateBps, copied }) => {
    const averageBps = copied?.averageBps ?? maxrateBps;
    return { name, width, height, codecs, maxrateBps, averageBps };
  });
  return {
    format: {
      ...(video ? { video: { frameRate: video.frameRate, timescale: video.timescale, renditions } } : {}),
      ...(audio ? { audio: { sampleRate: audio.sampleRate, renditions: audio.renditions } } : {}),
    },
    sessions: [{ number: FILM_SESSION, beganAtMs: 0 }],
    segments: published
      .filter(({ segment }) => segment < segmentCount(film))
      .flatMap(({ rendition, segment, bytes, keyFrame }) => {
        const timing = segmentTiming(film, rendition, segment);
        if (!timing) return [];
        const { startTicks, durationTicks } = timing;
        const place = { rendition, sequence: segment, session: FILM_SESSION, startTicks, durationTicks, bytes };
        return { ...place, ...(keyFrame ? { keyFrame } : {}) };
      }),
  };
}
