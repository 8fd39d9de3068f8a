import { readFileSync } from 'node:fs';

interface Manifest {
  readonly version: string;
}

/**
 * The package's version. Read and not imported: the manifest stands outside of what is compiled, at the same place above a
 * source and above what becomes of it.
 */
export const VERSION = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Manifest)
  .version;
