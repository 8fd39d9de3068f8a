import type { NewJob } from './queue.ts';

export const RECORDED_PICTURES_KIND = 'recorded-pictures';

/** A moment's work, on something that people have just watched and look for: before any encoding but a viewer's wish. */
const PRIORITY_RECORDED_PICTURES = 840;

/** Poster and storyboard of a recording. */
export function recordedPicturesJob(assetId: string): NewJob {
  const none = { lanes: [], firstSegment: 0, endSegment: 0, payload: {} };
  return { kind: RECORDED_PICTURES_KIND, subject: assetId, priority: PRIORITY_RECORDED_PICTURES, ...none };
}
