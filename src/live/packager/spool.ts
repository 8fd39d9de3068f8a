import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sessionInitName } from '../../kernel/film/paths.ts';
import type { Session } from '../../kernel/live/broadcast.ts';
import type { DateRange } from '../../kernel/live/date-range.ts';
import type { Log } from '../../kernel/log.ts';

/** What a segment is of and where it belongs. */
export interface SpooledSegment {
  readonly rendition: string;
  readonly session: number;
  readonly sequence: number;
}

/** What a disk may be behind before it counts as dead, and parts are no longer written to it. */
const MOST_BEHIND_BYTES = 32 * 1024 * 1024;
/** What viewers wait for it in all: less than a part lasts. */
const WAIT_STEPS = 4;
const WAIT_STEP_MS = 50;

/**
 * What is not in the store yet, on this machine's own disk: a file for each segment that grows by its parts, so that a
 * process that is killed loses at most the part in progress. Nobody waits for it.
 */
export class Spool {
  readonly folder: string;
  readonly #log: Log;
  /** What follows on what: the writes of one file are in order. */
  readonly #last = new Map<string, Promise<void>>();
  readonly #broken = new Set<string>();
  #behindBytes = 0;
  #failures = 0;
  #isLate = false;
  #catchingUp: Promise<void> | undefined;

  constructor(folder: string, log: Log) {
    this.folder = folder;
    this.#log = log;
  }

  /** Writes that failed or were left out. */
  get failures(): number {
    return this.#failures;
  }

  noteSession(session: Session): void {
    this.#write(sessionFile(session.number), (path) => writeFile(path, JSON.stringify(session)), 0);
  }

  noteInit(rendition: string, session: number, bytes: Uint8Array): void {
    this.#write(join(rendition, sessionInitName(session)), (path) => writeFile(path, bytes), bytes.length);
  }

  /** Dates are moved by so much from this segment on. */
  noteShift(session: number, sequence: number, shiftMs: number): void {
    this.#write(shiftFile(session), (path) => appendFile(path, `${sequence} ${shiftMs}\n`), 0);
  }

  /** Resolves to whether it is there. */
  async noteDateRange(range: DateRange): Promise<boolean> {
    const file = dateRangeFile(range);
    await this.#write(file, (path) => writeFile(path, JSON.stringify(range)), 0);
    return !this.#broken.has(file);
  }

  append(segment: SpooledSegment, bytes: Uint8Array): void {
    this.#write(segmentFile(segment), (path) => appendFile(path, bytes), bytes.length);
  }

  /** All of a segment, once what was appended is written; undefined where that failed. */
  async read(segment: SpooledSegment): Promise<Buffer | undefined> {
    const file = segmentFile(segment);
    await this.#last.get(file);
    if (this.#broken.has(file)) return undefined;
    return readFile(join(this.folder, file)).catch(() => undefined);
  }

  /** The segment is in the store. */
  remove(segment: SpooledSegment): void {
    const file = segmentFile(segment);
    this.#broken.delete(file);
    this.#write(file, (path) => rm(path, { force: true }), 0, true);
  }

  /** The database has it. */
  removeDateRange(range: DateRange): void {
    this.#write(dateRangeFile(range), (path) => rm(path, { force: true }), 0, true);
  }

  /** All of the broadcast is in the store. */
  async discard(): Promise<void> {
    await this.written();
    // Where nothing could be written there may be nothing that can be removed.
    await rm(this.folder, { recursive: true, force: true }).catch((cause: unknown) => {
      this.#log.warn({ err: cause }, 'what was kept of a broadcast could not be removed');
    });
  }

  /**
   * The same, but for a disk that is slow: one that was waited for in vain is not waited for again until it has written all.
   * All who ask between two writes wait for the same.
   */
  caughtUp(): Promise<void> {
    if (this.#last.size === 0 || this.#isLate) return Promise.resolve();
    this.#catchingUp ??= this.#catchUp();
    return this.#catchingUp;
  }

  async #catchUp(): Promise<void> {
    let isWritten = false;
    const written = this.written().then(() => {
      isWritten = true;
    });
    // In steps: a process that was held up itself must not take its disk for slow.
    for (let step = 0; step < WAIT_STEPS && !isWritten; step += 1) await within(WAIT_STEP_MS, written);
    if (isWritten || this.#isLate) return;
    this.#isLate = true;
    void written.then(() => {
      this.#isLate = false;
    });
  }

  /** Everything that was asked for before is written, or has failed. */
  async written(): Promise<void> {
    await Promise.all(this.#last.values());
  }

  #write(file: string, work: (path: string) => Promise<void>, bytes: number, mayFail = false): Promise<void> {
    if (this.#behindBytes + bytes > MOST_BEHIND_BYTES || (!mayFail && this.#broken.has(file))) {
      this.#breaks(file, new Error('the disk is behind'));
      return Promise.resolve();
    }
    this.#behindBytes += bytes;
    this.#catchingUp = undefined;
    const path = join(this.folder, file);
    const before = this.#last.get(file) ?? mkdir(join(path, '..'), { recursive: true }).then(() => undefined);
    const done = before
      .then(() => work(path))
      .catch((cause: unknown) => {
        if (!mayFail) this.#breaks(file, cause);
      })
      .finally(() => {
        this.#behindBytes -= bytes;
        if (this.#last.get(file) === done) this.#last.delete(file);
      });
    this.#last.set(file, done);
    return done;
  }

  /** A file with a hole in it is worth nothing. */
  #breaks(file: string, cause: unknown): void {
    if (this.#failures === 0) this.#log.warn({ err: cause }, 'parts cannot be kept on this disk');
    this.#failures += 1;
    this.#broken.add(file);
  }
}

/** Resolves with what is waited for, or after so long. */
async function within(limitMs: number, awaited: Promise<void>): Promise<void> {
  const overdue = new AbortController();
  const late = pause(limitMs, undefined, { signal: overdue.signal }).catch(() => undefined);
  await Promise.race([awaited, late]);
  overdue.abort();
}

function sessionFile(session: number): string {
  return `session-${session}.json`;
}

function shiftFile(session: number): string {
  return `shifts-${session}.txt`;
}

function dateRangeFile({ id }: DateRange): string {
  return `date-range-${id}.json`;
}

function segmentFile({ rendition, session, sequence }: SpooledSegment): string {
  return join(rendition, `${session}-${sequence}.m4s`);
}

const SESSION_FILE = /^session-[1-9]\d*\.json$/;
const DATE_RANGE_FILE = /^date-range-[\w-]+\.json$/;
const INIT_FILE = /^(?<rendition>[^/\\]+)[/\\]init-(?<session>[1-9]\d*)\.mp4$/;
const SEGMENT_FILE = /^(?<rendition>[^/\\]+)[/\\](?<session>[1-9]\d*)-(?<sequence>\d+)\.m4s$/;

/** What a process that is no more left behind. */
export interface Leftovers {
  readonly sessions: readonly Session[];
  readonly dateRanges: readonly DateRange[];
  readonly inits: readonly { readonly rendition: string; readonly session: number; readonly path: string }[];
  readonly segments: readonly (SpooledSegment & { readonly path: string })[];
  /** What the date of a segment is moved by. */
  readonly shiftOf: (segment: SpooledSegment) => number;
}

export async function readLeftovers(folder: string): Promise<Leftovers> {
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  const sessions = await readNotes<Session>(folder, files, SESSION_FILE);
  const shifts = new Map<number, Shift[]>();
  for (const { number } of sessions) {
    shifts.set(number, readShifts(await readFile(join(folder, shiftFile(number)), 'utf8').catch(() => '')));
  }
  return {
    sessions,
    dateRanges: await readNotes<DateRange>(folder, files, DATE_RANGE_FILE),
    shiftOf: ({ session, sequence }) =>
      shifts.get(session)?.findLast((shift) => shift.sequence <= sequence)?.shiftMs ?? 0,
    inits: matching(files, INIT_FILE).map(({ file, rendition, session }) => ({
      rendition,
      session,
      path: join(folder, file),
    })),
    segments: matching(files, SEGMENT_FILE).map(({ file, ...place }) => ({ ...place, path: join(folder, file) })),
  };
}

interface Shift {
  readonly sequence: number;
  readonly shiftMs: number;
}

/** The last line may be cut off. */
function readShifts(text: string): Shift[] {
  return [...text.matchAll(/^(\d+) (-?\d+)\n/gm)].map(([, sequence, shiftMs]) => ({
    sequence: Number(sequence),
    shiftMs: Number(shiftMs),
  }));
}

async function readNotes<T>(folder: string, files: readonly string[], pattern: RegExp): Promise<T[]> {
  const notes: T[] = [];
  for (const file of files.filter((name) => pattern.test(name))) {
    const note = parseNote<T>(await readFile(join(folder, file), 'utf8').catch(() => ''));
    if (note) notes.push(note);
  }
  return notes;
}

/** The last file that was written may be cut off. */
function parseNote<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

function matching(files: readonly string[], pattern: RegExp): (SpooledSegment & { readonly file: string })[] {
  return files.flatMap((file) => {
    const groups = pattern.exec(file)?.groups;
    if (!groups) return [];
    const { rendition = '', session, sequence } = groups;
    return [{ file, rendition, session: Number(session), sequence: Number(sequence ?? 0) }];
  });
}
