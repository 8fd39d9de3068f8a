import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { Asset } from '../database/assets.ts';
import { Fault } from '../kernel/errors.ts';
import type { LeftOutTrack } from '../kernel/film/film.ts';
import { straightenedKey } from '../kernel/film/paths.ts';
import { FlashReader, startsFlash } from '../kernel/flv/reader.ts';
import { ClockMender, type Epoch, JumpFinder } from '../kernel/mpeg/jumps.ts';
import type { Edit, MarkReader, Misfit, OnMark } from '../kernel/mpeg/marks.ts';
import { ProgramReader, startsProgram } from '../kernel/mpeg/program.ts';
import { findTransport } from '../kernel/mpeg/transport.ts';
import { startsOgg } from '../kernel/ogg/pages.ts';
import { OggReader } from '../kernel/ogg/reader.ts';
import type { LocalFile, ObjectStore } from '../storage/object-store.ts';
import { languageTag } from './probe.ts';

/**
 * Sources that are several recordings behind one another. MPEG systems streams are made to be cut and joined anywhere, and
 * every packet of theirs says its own time and whose it is. A copy of such a source, in which the clock goes on and every
 * track keeps the number it had at first, is what all other work reads.
 */
export interface Straightening {
  readonly store: ObjectStore;
  readonly settings: Pick<Settings, 'data'>;
}

/** What a source is like from its start to its end. */
export interface Survey {
  /** As it is, it is one film: no copy is needed. */
  readonly isStraight: boolean;
  readonly epochs: readonly Epoch[];
  readonly sparse: ReadonlySet<number>;
  /** Tracks that come later, and go on from none of the first. */
  readonly leftOut: readonly LeftOutTrack[];
}

/**
 * The straightened copy of a source, which another worker may have made already; undefined where it is straight as it is.
 * It is made from the source alone, so that whoever makes it makes the same.
 */
export async function straightened(
  { store, settings }: Straightening,
  { id, version }: Pick<Asset, 'id' | 'version'>,
  original: LocalFile,
  abort: AbortSignal,
  surveyed?: Survey,
): Promise<LocalFile | undefined> {
  const key = straightenedKey(id, version);
  const made = await store.localFile(key, abort);
  if (made) return made;
  const survey = surveyed ?? (await surveySource(original.path, abort));
  if (survey.isStraight) return undefined;
  const folder = join(settings.data, FOLDER);
  const target = join(folder, `${id}-v${version}-${process.hrtime.bigint()}`);
  try {
    await writeStraightened(original.path, target, survey, abort);
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

/**
 * Reads a source from its start to its end.
 * @throws Fault SOURCE_PARTS_DIFFER where a later part can not go on from the first.
 */
export async function surveySource(path: string, abort: AbortSignal): Promise<Survey> {
  const source = await open(path, 'r');
  try {
    const reader = await readerOf(source);
    if (!reader) return { isStraight: true, epochs: [], sparse: new Set(), leftOut: [] };
    const finder = new JumpFinder();
    await pass(source, reader, (mark) => finder.see(mark), abort);
    const epochs = finder.epochs();
    return {
      isStraight: epochs.length === 1 && !reader.isChanged,
      epochs,
      sparse: finder.sparse(),
      leftOut: leftOutOf(reader.misfits),
    };
  } finally {
    await source.close();
  }
}

/** A film that loses its picture or its sound at a join is no film; a further track may be missing, if that is said. */
function leftOutOf(misfits: readonly Misfit[]): LeftOutTrack[] {
  const needed = misfits.find(({ isNeeded }) => isNeeded);
  if (needed) {
    const what = needed.kind === 'picture' ? 'pictures' : 'sound';
    const says = `The file is several recordings joined, and a later one has ${what} that the first one's cannot go on with: upload them one by one, or convert them first.`;
    throw new Fault('SOURCE_PARTS_DIFFER', { says });
  }
  const sounds = misfits.filter(({ kind }) => kind === 'sound');
  return sounds.map(({ language }) => {
    const tag = language === undefined ? undefined : languageTag(language);
    return { kind: 'audio', why: 'later', ...(tag === undefined ? {} : { language: tag }) };
  });
}

/** Writes `to` from `from` by what was seen in it. */
export async function writeStraightened(
  from: string,
  to: string,
  { epochs, sparse }: Pick<Survey, 'epochs' | 'sparse'>,
  abort: AbortSignal,
): Promise<void> {
  const source = await open(from, 'r');
  try {
    const reader = await readerOf(source);
    if (!reader) throw new TypeError('no stream that can be straightened');
    const mender = new ClockMender(epochs, sparse);
    await mkdir(join(to, '..'), { recursive: true });
    const target = await open(to, 'wx', 0o640);
    try {
      await pass(source, reader, (mark) => mender.shiftOf(mark), abort, target);
    } finally {
      await target.close();
    }
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
  if (startsFlash(read)) return new FlashReader();
  if (startsOgg(read)) return new OggReader();
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
    const done = isLast ? bytes.length : read.done;
    if (target) await writeEdited(target, bytes.subarray(0, done), read.edits);
    block.copyWithin(0, done, bytes.length);
    kept = bytes.length - done;
    position += done;
  }
}

async function writeEdited(target: FileHandle, bytes: Uint8Array, edits: readonly Edit[]): Promise<void> {
  let written = 0;
  for (const edit of edits) {
    await target.writeFile(bytes.subarray(written, edit.from));
    if (edit.bytes) await target.writeFile(edit.bytes);
    written = edit.to;
  }
  await target.writeFile(bytes.subarray(written));
}
