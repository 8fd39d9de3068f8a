import { join } from 'node:path';
import { loadSecrets } from '../../src/config/secrets.ts';
import { AssetRepository } from '../../src/database/assets.ts';
import { openDatabase } from '../../src/database/open.ts';
import { RecordedAssetRepository } from '../../src/database/recorded-assets.ts';
import { SubtitleRepository } from '../../src/database/subtitles.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { Recordings } from '../../src/live/recordings.ts';
import { Queue } from '../../src/queue/queue.ts';
import { LocalSignals } from '../../src/queue/signals.ts';
import { FolderStore } from '../../src/storage/folder.ts';

/** What the live role stands on, in the folder of a server that runs: a broadcast can be placed there, and ended. */
export async function besideServer(folder: string) {
  const { contentKeySecret } = await loadSecrets(folder);
  const database = await openDatabase(folder);
  const signals = new LocalSignals();
  const store = new FolderStore(join(folder, 'media'), { owner: join(folder, 'beside') });
  await store.start();
  const parts = {
    database,
    store,
    signals,
    assets: new AssetRepository(database, systemClock),
    recorded: new RecordedAssetRepository(database, systemClock, contentKeySecret),
    subtitles: new SubtitleRepository(database, systemClock),
    queue: new Queue(database, systemClock, signals, { leaseMs: 10_000, maxAttempts: 3 }),
    log: silentLog,
  };
  return { ...parts, recordings: new Recordings(parts), close: () => database.destroy() };
}
