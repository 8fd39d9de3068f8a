import type { StoredSubtitles } from '../database/subtitles.ts';
import type { NewJob } from './queue.ts';

/** What became of uploaded subtitles: one to publish, and others whose place it took or that were removed. */
export interface SubtitleChange {
  readonly name?: string;
  readonly gone: readonly string[];
}

export const SUBTITLE_CHANGE_KIND = 'subtitle-change';

/** Somebody has just sent it and looks for it, and it takes a moment: before any encoding. */
const PRIORITY_SUBTITLE_CHANGE = 850;

/** The work that brings a change to the viewers. */
export function subtitleChangeJob(assetId: string, change: SubtitleChange): NewJob {
  const none = { lanes: [], firstSegment: 0, endSegment: 0 };
  return {
    kind: SUBTITLE_CHANGE_KIND,
    subject: assetId,
    payload: change,
    priority: PRIORITY_SUBTITLE_CHANGE,
    ...none,
  };
}

/** The work on uploads that waited until their asset had times to cut a text by. */
export function waitingUploads(assetId: string, all: readonly StoredSubtitles[]): NewJob[] {
  return all
    .filter(({ origin, publishedAtMs }) => origin === 'uploaded' && publishedAtMs === undefined)
    .map(({ name }) => subtitleChangeJob(assetId, { name, gone: [] }));
}
