import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isId, newId } from '../kernel/ids.ts';

/**
 * The name of a data folder among all that share one database, such as `nd_k3v9…`: by it a server knows what it held
 * and what it was receiving before it was stopped. Made at the first start; neither the machine's name, which a
 * container changes, nor the folder's path, which many machines have alike, would do.
 */
export async function loadNodeId(folder: string): Promise<string> {
  const file = join(folder, 'node-id');
  const kept = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause;
    return '';
  });
  if (isId(kept.trim(), 'nd')) return kept.trim();
  const id = newId('nd');
  const handle = await open(`${file}.new`, 'w');
  try {
    await handle.writeFile(`${id}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
  return id;
}
