import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Failure } from './failure.ts';

/** The text of a file that an option names. @throws Failure FILE_UNREADABLE */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

export function unreadable(file: string, cause: unknown): Failure {
  const { code } = cause as NodeJS.ErrnoException;
  const reason = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`;
  return new Failure('FILE_UNREADABLE', `${file} ${reason}.`, { cause });
}

export async function readStandardInput(): Promise<string> {
  return text(process.stdin);
}
