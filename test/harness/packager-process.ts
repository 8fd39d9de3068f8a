/** A process that packages a source until it is killed: its folder is named on the command line. */
import { join } from 'node:path';
import { openDatabase } from '../../src/database/open.ts';
import { RecordingRepository } from '../../src/database/recordings.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { LivePackager } from '../../src/live/packager/live-packager.ts';
import { FolderStore } from '../../src/storage/folder.ts';
import { LiveSource, SOURCE_FORMAT } from './live-source.ts';
import { RECORDING, STREAM } from './packaged-live.ts';

const folder = process.argv[2] ?? '';
const store = new FolderStore(join(folder, 'media'));
await store.start();
const recordings = new RecordingRepository(await openDatabase(folder));
const deps = { store, recordings, folder: join(folder, 'live'), log: silentLog };
const place = { streamId: STREAM, broadcast: 1, recordingId: RECORDING, format: SOURCE_FORMAT };
const packager = new LivePackager(deps, place, {
  init() {},
  part: ({ rendition, sequence, part, durationTicks }) => {
    process.send?.({ rendition, sequence, part, durationTicks });
  },
  segment() {},
});
packager.openSession({ number: 1, beganAtMs: 1_750_000_000_000 }, ['90p', '180p', 'audio']);
new LiveSource({
  init: (rendition, bytes) => packager.takeInit(rendition, bytes),
  fragment: (rendition, fragment) => packager.takeFragment(rendition, fragment),
});
