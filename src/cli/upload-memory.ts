import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** An upload that was begun, in tus-js-client's own form. */
export interface BegunUpload {
  size: number | null;
  metadata: { [key: string]: string };
  creationTime: string;
  urlStorageKey: string;
  uploadUrl: string | null;
  parallelUploadUrls: string[] | null;
}

/** Servers drop unfinished uploads after a day by default; a week covers the patient ones. */
const KEEP_MS = 7 * 86_400_000;

/**
 * Which uploads were begun and not finished, in `uploads.json` in the user's cache folder, so that the same command run
 * again goes on. It holds no token. A folder that cannot be written costs resuming after a crash, nothing else.
 */
export class UploadMemory {
  readonly #folder: string;

  constructor(folder = cacheFolder()) {
    this.#folder = folder;
  }

  async findAllUploads(): Promise<BegunUpload[]> {
    return [...(await this.#read()).values()];
  }

  async findUploadsByFingerprint(fingerprint: string): Promise<BegunUpload[]> {
    const upload = (await this.#read()).get(fingerprint);
    return upload ? [upload] : [];
  }

  async addUpload(fingerprint: string, upload: BegunUpload): Promise<string> {
    const all = await this.#read();
    await this.#write(all.set(fingerprint, { ...upload, urlStorageKey: fingerprint }));
    return fingerprint;
  }

  async removeUpload(urlStorageKey: string): Promise<void> {
    const all = await this.#read();
    if (all.delete(urlStorageKey)) await this.#write(all);
  }

  async #read(): Promise<Map<string, BegunUpload>> {
    try {
      const text = await readFile(join(this.#folder, 'uploads.json'), 'utf8');
      const entries = Object.entries(JSON.parse(text) as Record<string, BegunUpload>);
      return new Map(entries.filter(([, upload]) => Date.now() - Date.parse(upload.creationTime) < KEEP_MS));
    } catch {
      return new Map(); // none yet, or one that cannot be read: then there is nothing to go on with
    }
  }

  async #write(all: ReadonlyMap<string, BegunUpload>): Promise<void> {
    const file = join(this.#folder, 'uploads.json');
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(`${file}.${process.pid}`, JSON.stringify(Object.fromEntries(all), undefined, 2), { mode: 0o600 });
      await rename(`${file}.${process.pid}`, file);
    } catch {
      // Uploading matters more than remembering it.
    }
  }
}

function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'frontrow');
  if (process.platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'frontrow');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'frontrow');
  return join(homedir(), '.cache', 'frontrow');
}
