import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isId, newId } from '../kernel/ids.ts';

/** What an edge got when it enrolled. Whoever has it is that edge. */
export interface KeptCredential {
  readonly edgeId: string;
  readonly key: string;
  /** Where it enrolled. */
  readonly controlUrl: string;
  /** Where control said that the origin is. */
  readonly originUrl?: string;
}

const CREDENTIAL = 'edge-credential.json';
const ID = 'edge-id';

/** Undefined when the edge of this folder never enrolled. @throws Error for a file that is none */
export async function readEdgeCredential(folder: string): Promise<KeptCredential | undefined> {
  const file = join(folder, CREDENTIAL);
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (cause) {
    throw new Error(`${file} is damaged: remove it and enrol the edge anew`, { cause });
  }
}

export async function keepEdgeCredential(folder: string, credential: KeptCredential): Promise<void> {
  await mkdir(folder, { recursive: true });
  await keep(join(folder, CREDENTIAL), `${JSON.stringify(credential, undefined, 2)}\n`);
}

/** The id of an edge that has the fleet's secret: made at the first start. */
export async function loadEdgeId(folder: string): Promise<string> {
  const kept = (await readIfThere(join(folder, ID)))?.trim() ?? '';
  if (isId(kept, 'ed')) return kept;
  const id = newId('ed');
  await mkdir(folder, { recursive: true });
  await keep(join(folder, ID), `${id}\n`);
  return id;
}

function parse(text: string): KeptCredential {
  const value = JSON.parse(text) as Partial<KeptCredential>;
  const { edgeId, key, controlUrl } = value;
  if (typeof edgeId !== 'string' || typeof key !== 'string' || typeof controlUrl !== 'string')
    throw new Error('a part is missing');
  return value as KeptCredential;
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause;
    return undefined;
  });
}

/** Written aside, synced and renamed, readable by its user alone. */
async function keep(file: string, text: string): Promise<void> {
  const aside = `${file}.${process.pid}`;
  const handle = await open(aside, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(aside, file);
}
