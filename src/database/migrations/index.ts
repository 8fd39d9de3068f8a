import type { Migration } from 'kysely/migration';
import * as first from './0001-first.ts';
import * as webhooks from './0002-webhooks.ts';
import * as keyFrames from './0003-key-frames.ts';
import * as wishes from './0006-wishes.ts';
import * as subtitles from './0007-subtitles.ts';
import * as receivers from './0008-receivers.ts';
import * as encodings from './0009-encodings.ts';
import * as removals from './0012-removals.ts';
import * as arriving from './0013-arriving.ts';
import * as contentKeys from './0014-content-keys.ts';
import * as loudness from './0015-loudness.ts';
import * as access from './0016-access.ts';
import * as distributions from './0017-distributions.ts';
import * as edges from './0018-edges.ts';
import * as sweeping from './0019-sweeping.ts';
import * as live from './0020-live.ts';
import * as liveBans from './0021-live-bans.ts';
import * as recordings from './0022-recordings.ts';
import * as liveEvents from './0023-live-events.ts';
import * as liveWindows from './0024-live-windows.ts';
import * as liveRhythm from './0025-live-rhythm.ts';
import * as liveDeletions from './0026-live-deletions.ts';
import * as dateRanges from './0027-date-ranges.ts';

/** In order, oldest first. A released migration is never edited: a change is a new one. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-first': first,
  '0002-webhooks': webhooks,
  '0003-key-frames': keyFrames,
  '0006-wishes': wishes,
  '0007-subtitles': subtitles,
  '0008-receivers': receivers,
  '0009-encodings': encodings,
  '0012-removals': removals,
  '0013-arriving': arriving,
  '0014-content-keys': contentKeys,
  '0015-loudness': loudness,
  '0016-access': access,
  '0017-distributions': distributions,
  '0018-edges': edges,
  '0019-sweeping': sweeping,
  '0020-live': live,
  '0021-live-bans': liveBans,
  '0022-recordings': recordings,
  '0023-live-events': liveEvents,
  '0024-live-windows': liveWindows,
  '0025-live-rhythm': liveRhythm,
  '0026-live-deletions': liveDeletions,
  '0027-date-ranges': dateRanges,
};
