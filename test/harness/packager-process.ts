/**
 * A process that packages a source until it is killed. Its folder is named on the command line, and `passing` makes it a
 * broadcast that nobody keeps, with a short window, as fast as it can be encoded.
 */
import { join } from 'node:path';
import { openDatabase } from '../../src/database/open.ts';
import { RecordingRepository } from '../../src/database/recordings.ts';
import type { Fragment } from '../../src/kernel/cmaf/splitter.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { LivePackager } from '../../src/live/packager/live-packager.ts';
import { FolderStore } from '../../src/storage/folder.ts';
import { LiveSource, SOURCE_FORMAT } from './live-source.ts';
import { PASSING_FORMAT, RECORDING, STREAM } from './packaged-live.ts';

const [, , folder = '', kind] = process.argv;
const isRecorded = kind !== 'passing';
const store = new FolderStore(join(folder, 'media'));
await store.start();
const recordings = new RecordingRepository(await openDatabase(folder));
const deps = { store, recordings, folder: join(folder, 'live'), log: silentLog };
const place = {
  streamId: STREAM,
  broadcast: 1,
  recordingId: RECORDING,
  format: isRecorded ? SOURCE_FORMAT : PASSING_FORMAT,
  isRecorded,
};
const packager = new LivePackager(deps, place, {
  init() {},
  part: ({ rendition, sequence, part, durationTicks }) => {
    process.send?.({ rendition, sequence, part, durationTicks });
  },
  segment() {},
});
packager.openSession({ number: 1, beganAtMs: 1_750_000_000_000 }, ['90p', '180p', 'audio']);
const taker = {
  init: (rendition: string, bytes: Uint8Array) => packager.takeInit(rendition, bytes),
  fragment: (rendition: string, fragment: Fragment) => packager.takeFragment(rendition, fragment),
};
new LiveSource(taker, { paced: isRecorded });
