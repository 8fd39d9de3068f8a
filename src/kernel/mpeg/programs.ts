import { castTracks, hasGrown, sameTracks } from './cast.ts';
import type { Misfit } from './marks.ts';
import { SectionReader } from './sections.ts';
import { type ProgramTable, readPrograms, readTracks, type Track } from './tables.ts';

/**
 * Which packets belong to which track, from the start of a transport stream to its end. The first tables are those that
 * the film has; where later ones give the tracks other numbers, as in a second recording joined to the first, their
 * packets go on under the first ones.
 */
const NUMBERS = 8_192;

/** Of packets that hold nothing. */
const NULL = 8_191;

const PROGRAM_TABLE = 0;

/** How far into a file a program may still get its first tracks: an encoder's start, and as far as ffprobe looks. */
const BEGINNING_BYTES = 5_000_000;

export class ProgramFollower {
  /** For every packet number the one that it goes on under, by the tables until now. */
  readonly numbers = Uint16Array.from({ length: NUMBERS }, (_, pid) => pid);
  /** By the first tables of each program, in the order of their coming. */
  readonly #first = new Map<number, readonly Track[]>();
  readonly #firstTables = new Set<number>();
  readonly #tables = new Map<number, ProgramTable>();
  #programs: ReadonlyMap<number, number> = new Map();
  #sections = new Map<number, SectionReader>([[PROGRAM_TABLE, new SectionReader()]]);
  #misfits = new Map<number, Misfit>();
  #isFirst = true;

  isTable(pid: number): boolean {
    return this.#sections.has(pid);
  }

  /** Whose packets a number has that have no place in the film. */
  misfit(pid: number): Misfit | undefined {
    return this.#misfits.get(pid);
  }

  /** Takes the payload of a packet of tables that lies at a byte of the file. */
  takeTable(pid: number, payload: Uint8Array, opens: boolean, at: number): void {
    this.#sections.get(pid)?.take(payload, opens, (section) => {
      const programs = pid === PROGRAM_TABLE ? readPrograms(section) : undefined;
      const table = pid === PROGRAM_TABLE ? undefined : readTracks(section);
      if (programs) this.#seePrograms(programs);
      if (table && this.#programs.get(table.program) === pid) this.#seeTracks(table, at);
    });
  }

  #seePrograms(programs: ReadonlyMap<number, number>): void {
    const gone = [...this.#programs].filter(([program, pid]) => programs.get(program) !== pid);
    if (gone.length === 0 && programs.size === this.#programs.size) return;
    this.#programs = programs;
    const tables = [PROGRAM_TABLE, ...programs.values()];
    this.#sections = new Map(tables.map((pid) => [pid, this.#sections.get(pid) ?? new SectionReader()]));
    if (this.#isFirst) for (const pid of tables) this.#firstTables.add(pid);
    if (gone.length === 0) return;
    for (const [program] of gone) this.#tables.delete(program);
    this.#beginPart();
  }

  #seeTracks(table: ProgramTable, at: number): void {
    const { program, tracks } = table;
    const before = this.#tables.get(program);
    if (before && sameTracks(before.tracks, tracks)) return;
    this.#tables.set(program, table);
    const isLate = before && (at >= BEGINNING_BYTES || !hasGrown(before, table));
    if (this.#isFirst && !isLate) this.#first.set(program, tracks);
    else this.#beginPart();
  }

  #beginPart(): void {
    this.#isFirst = false;
    this.numbers.forEach((_, pid) => {
      this.numbers[pid] = pid;
    });
    // ffmpeg goes by the first tables, and would take what others say for new tracks.
    for (const pid of [...this.#firstTables, ...this.#sections.keys()]) this.numbers[pid] = NULL;
    for (const { pid } of [...this.#first.values()].flat()) this.numbers[pid] = NULL;
    this.#misfits = new Map();
    for (const { program, tracks } of this.#tables.values()) this.#cast(program, tracks);
  }

  #cast(program: number, tracks: readonly Track[]): void {
    const ours = this.#counterpart(program);
    const first = ours === undefined ? undefined : this.#first.get(ours);
    if (!first) return;
    const { numbers, homeless } = castTracks(first, tracks);
    for (const [pid, number] of numbers) this.numbers[pid] = number;
    if (ours !== this.#main()) return;
    for (const { pid, kind, language } of homeless) {
      const isNeeded = !tracks.some((each) => each.kind === kind && numbers.has(each.pid));
      this.#misfits.set(pid, { kind, isNeeded, ...(language ? { language } : {}) });
    }
  }

  /** The program of the first part that a later one goes on as: the same number, else the same place among them. */
  #counterpart(program: number): number | undefined {
    if (this.#first.has(program)) return program;
    const ours = [...this.#first.keys()][[...this.#programs.keys()].indexOf(program)];
    return ours === undefined || this.#programs.has(ours) ? undefined : ours;
  }

  /** The program that the film is made of. */
  #main(): number | undefined {
    const programs = [...this.#first];
    const seen = programs.find(([, tracks]) => tracks.some(({ kind }) => kind === 'picture'));
    return (seen ?? programs[0])?.[0];
  }
}
