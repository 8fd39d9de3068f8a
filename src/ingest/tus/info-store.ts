import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configstore } from '@tus/file-store';
import { Upload } from '@tus/server';
import { isId } from '../../kernel/ids.ts';

const SUFFIX = '.json';

/**
 * What is known of each unfinished upload, one small file each. Written aside, synced and renamed: the library's own
 * store writes in place, and a crash in the middle would turn a resumable upload into a 404.
 */
export class InfoStore implements Configstore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async get(id: string): Promise<Upload | undefined> {
    const text = await readFile(this.#fileOf(id), 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'ENOENT') throw cause;
      return undefined;
    });
    return text === undefined ? undefined : new Upload(JSON.parse(text) as ConstructorParameters<typeof Upload>[0]);
  }

  async set(id: string, upload: Upload): Promise<void> {
    const file = this.#fileOf(id);
    const handle = await open(`${file}.aside`, 'w', 0o640);
    try {
      await handle.writeFile(JSON.stringify(upload));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${file}.aside`, file);
  }

  async delete(id: string): Promise<void> {
    await rm(this.#fileOf(id), { force: true });
  }

  async list(): Promise<string[]> {
    const names = await readdir(this.#folder);
    return names
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => name.slice(0, -SUFFIX.length))
      .filter((id) => isId(id, 'as'));
  }

  #fileOf(id: string): string {
    return join(this.#folder, `${id}${SUFFIX}`);
  }
}
