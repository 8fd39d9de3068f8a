import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { Asset } from '../database/assets.ts';
import { straightenedKey } from '../kernel/film/paths.ts';
import { ClockMender, JumpFinder } from '../kernel/mpeg/jumps.ts';
import type { MarkReader, OnMark } from '../kernel/mpeg/marks.ts';
import { ProgramReader, startsProgram } from '../kernel/mpeg/program.ts';
import { findTransport } from '../kernel/mpeg/transport.ts';
import type { LocalFile, ObjectStore } from '../storage/object-store.ts';

/**
 * Sources whose clock jumps. Only MPEG systems streams can have one: they are made to be cut and joined anywhere, and
 * every packet of theirs says its own time. A copy of the same length whose times go on is what all other work reads.
 */
export interface Straightening {
  readonly store: ObjectStore;
  readonly settings: Pick<Settings, 'data'>;
}

/**
 * The source with a straight clock, which another worker may have made already; undefined where its own runs straight.
 * It is made from the source alone, so that whoever makes it makes the same.
 */
export async function straightened(
  { store, settings }: Straightening,
  { id, version }: Pick<Asset, 'id' | 'version'>,
  original: LocalFile,
  abort: AbortSignal,
): Promise<LocalFile | undefined> {
  const key = straightenedKey(id, version);
  const made = await store.localFile(key, abort);
  if (made) return made;
  const folder = join(settings.data, FOLDER);
  const target = join(folder, `${id}-v${version}-${process.hrtime.bigint()}`);
  try {
    if (!(await writeStraightened(original.path, target, abort))) return undefined;
    await store.adopt(key, target, abort);
  } finally {
    await rm(target, { force: true });
  }
  return store.localFile(key, abort);
}

/** Where copies are written before the store has them, below the data folder. */
const FOLDER = 'straightening';

/** Removes what a killed worker was in the middle of writing; the data folder is this process' own. */
export async function clearStraightening(data: string): Promise<void> {
  await rm(join(data, FOLDER), { recursive: true, force: true });
}

/** Writes `to` from `from` with times that go on, and says whether that was needed: where not, there is no `to`. */
export async function writeStraightened(from: string, to: string, abort: AbortSignal): Promise<boolean> {
  const source = await open(from, 'r');
  try {
    const reader = await readerOf(source);
    if (!reader) return false;
    const finder = new JumpFinder();
    await pass(source, reader, (mark) => finder.see(mark), abort);
    const epochs = finder.epochs();
    if (epochs.length === 1) return false;
    const mender = new ClockMender(epochs, finder.sparse());
    await mkdir(join(to, '..'), { recursive: true });
    const target = await open(to, 'wx', 0o640);
    try {
      await pass(source, reader, (mark) => mender.shiftOf(mark), abort, target);
    } finally {
      await target.close();
    }
    return true;
  } finally {
    await source.close();
  }
}

/** Enough to see some packets, also where a recording begins in the middle of one. */
const HEAD_BYTES = 4_096;

async function readerOf(source: FileHandle): Promise<MarkReader | undefined> {
  const head = Buffer.alloc(HEAD_BYTES);
  const { bytesRead } = await source.read(head, 0, HEAD_BYTES, 0);
  const read = head.subarray(0, bytesRead);
  return startsProgram(read) ? new ProgramReader() : findTransport(read);
}

const BLOCK_BYTES = 4 * 1_048_576;

/** Reads a source from its start to its end and, where there is a target, writes what has become of it. */
async function pass(source: FileHandle, reader: MarkReader, onMark: OnMark, abort: AbortSignal, target?: FileHandle) {
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let position = 0;
  let kept = 0;
  for (let isLast = false; !isLast; ) {
    abort.throwIfAborted();
    const { bytesRead } = await source.read(block, kept, BLOCK_BYTES - kept, position + kept);
    isLast = bytesRead === 0;
    const bytes = block.subarray(0, kept + bytesRead);
    const read = reader.read(bytes, position, onMark, isLast);
    const done = isLast ? bytes.length : read;
    if (target) await target.writeFile(bytes.subarray(0, done));
    block.copyWithin(0, done, bytes.length);
    kept = bytes.length - done;
    position += done;
  }
}
