import { join } from 'node:path';
import { vi } from 'vitest';
import { silentLog } from '../../src/kernel/log.ts';
import { FolderStore } from '../../src/storage/folder.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { S3Store } from '../../src/storage/s3/store.ts';
import { freshBucket } from '../harness/s3-bucket.ts';

interface OpenStore {
  readonly store: ObjectStore;
  close(): Promise<void>;
}

/** Servers that refuse a put under a condition, know it, or take it for any put. */
const BUCKETS = {
  films: 'a bucket of a real S3 server',
  conditional: 'a bucket of one that knows conditional puts',
  ignorant: 'a bucket of one that ignores conditions',
};

/** Every object store, each made new in a folder of its own. */
export const STORES: readonly { readonly name: string; readonly open: (folder: string) => Promise<OpenStore> }[] = [
  {
    name: 'the folder',
    open: async (folder) => {
      const store = new FolderStore(join(folder, 'store'));
      await store.start();
      return { store, close: async () => {} };
    },
  },
  ...(['films', 'conditional', 'ignorant'] as const).map((kind) => ({
    name: BUCKETS[kind],
    open: async (folder: string) => {
      const store = await openS3(folder, kind);
      return { store, close: () => store.stop() };
    },
  })),
];

type BucketKind = Parameters<typeof freshBucket>[0];

async function openS3(folder: string, kind: BucketKind): Promise<S3Store> {
  const { access, bucket, environment } = await freshBucket(kind);
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const store = new S3Store({
    place: { bucket, prefix: 'media/', endpoint: access.endpoint, region: 'us-east-1', pathStyle: true },
    attempts: 3,
    timeoutMs: 5_000,
    folder: join(folder, 's3'),
    copiesBytes: 100_000_000,
    keepAdopted: true,
    log: silentLog,
  });
  await store.start();
  return store;
}
