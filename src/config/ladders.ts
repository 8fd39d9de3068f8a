import { readdir, readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { Fault } from '../kernel/errors.ts';
import { type Ladder, parseLadder } from '../kernel/ladder/ladder.ts';

/**
 * The ladder that the operator has set: a name in the folder of ladders, or a path to a file.
 * @throws Fault LADDER_INVALID
 */
export async function readLadder(name: string, folder: string): Promise<Ladder> {
  const file = isAbsolute(name) || name.endsWith('.json') ? name : join(folder, `${name}.json`);
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Fault('LADDER_INVALID', {
      says: `There is no encoding ladder "${name}", or its file cannot be read.`,
      cause,
    });
  });
  return parseLadder(text);
}

const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

/**
 * A ladder that a client has named: one of the folder's, and nothing else of this machine.
 * @throws Fault LADDER_INVALID
 */
export async function readNamedLadder(name: string, folder: string): Promise<Ladder> {
  if (!NAME.test(name)) throw new Fault('LADDER_INVALID', { says: 'There is no encoding ladder of this name.' });
  return readLadder(name, folder);
}

/** A ladder that clients may name. */
export interface NamedLadder {
  /** Of its file, which is what it is asked for by. */
  readonly name: string;
  readonly ladder: Ladder;
}

/** The folder's ladders by name. A file that is none is left out: whoever asks for it is told what is wrong with it. */
export async function listLadders(folder: string): Promise<NamedLadder[]> {
  const names = (await readdir(folder)).filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -5));
  const read = names
    .filter((name) => NAME.test(name))
    .toSorted()
    .map(async (name) => {
      const ladder = await readNamedLadder(name, folder).catch(() => undefined);
      return ladder ? [{ name, ladder }] : [];
    });
  return (await Promise.all(read)).flat();
}
