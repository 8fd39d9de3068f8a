import type { Mark } from './marks.ts';
import { TICKS_PER_SECOND, ticksBetween, wrapTicks } from './timestamp.ts';

/**
 * Clocks that jump: two recordings joined into one file, an encoder that was started again, a splice. Every elementary
 * stream is watched for itself, since its stamps alone must follow one another closely; then the jumps of all of them
 * that are one jump of the clock are brought together, and the clock is moved as a whole, so that sound and picture stay
 * as far apart as they were on either side.
 */

/** Stamps of one stream that go back by more than this are of another clock: pictures out of order go back by less. */
const BACK_TICKS = TICKS_PER_SECOND / 2;
/** A gap of up to this is one in the film, as where reception failed, and stays. ffmpeg draws the line here too. */
const FORWARD_TICKS = 10 * TICKS_PER_SECOND;
/** Streams with fewer packets, such as subtitles, are silent for so long by nature that a jump of theirs says nothing. */
const SPARSE_TICKS = TICKS_PER_SECOND / 2;
/** Streams of one clock begin within this of one another. */
const APART_TICKS = 5 * TICKS_PER_SECOND;
/** Sound may outlast the picture of a recording by this and give way to the next; more is shown to its end. */
const TAIL_TICKS = TICKS_PER_SECOND / 4;
/** No codec's frame lasts longer: packets of sound that are further apart hold several frames each. */
const ONE_FRAME_TICKS = TICKS_PER_SECOND / 8;
/** Pictures that are shown before the one they are stored behind follow it within this. */
const LEADING_TICKS = TICKS_PER_SECOND;

/** From byte `from` of the file on, `shift` ticks make the clock go on where it was. */
export interface Epoch {
  readonly from: number;
  readonly shift: number;
}

/** A part of a stream on one clock. Moments are ticks of that clock. */
interface Run {
  readonly stream: number;
  readonly isPicture: boolean;
  readonly firstAt: number;
  lastAt: number;
  readonly firstDecode: number;
  lastDecode: number;
  firstShow: number;
  lastShow: number;
  /** Distances between packets and sizes of packets, as many as tell what is usual. */
  readonly steps: number[];
  readonly sizes: number[];
  lastSize: number | undefined;
}

/** Two parts of a stream with a jump between them. */
interface Jump {
  readonly before: Run;
  readonly after: Run;
}

export class JumpFinder {
  readonly #runs = new Map<number, Run[]>();
  readonly #doubts = new Map<number, Mark>();

  /** Takes marks in the order of the file; what is given back is that nothing moves. */
  see(mark: Mark): 0 {
    if (mark.kind === 'reference') return 0;
    const runs = this.#runs.get(mark.stream);
    const run = runs?.at(-1);
    if (!runs || !run) {
      this.#runs.set(mark.stream, [beginRun(mark)]);
      return 0;
    }
    const doubt = this.#doubts.get(mark.stream);
    this.#doubts.delete(mark.stream);
    if (follows(run.lastDecode, mark.decode)) goOn(run, mark);
    else if (doubt && follows(doubt.decode, mark.decode)) {
      const next = beginRun(doubt);
      goOn(next, mark);
      runs.push(next);
    }
    // One stamp alone may be damaged: only a second one that goes on from it makes it a jump.
    else this.#doubts.set(mark.stream, mark);
    return 0;
  }

  /** The clock's parts, the first of which is not moved; one alone where it never jumps. */
  epochs(): Epoch[] {
    const epochs: Epoch[] = [{ from: 0, shift: 0 }];
    const shifts = new Map<number, number>();
    for (const jumps of together(this.#jumps())) {
      const from = Math.min(...jumps.map(({ after }) => after.firstAt));
      const shift = shiftOver(jumps, shifts);
      for (const { after } of jumps) shifts.set(after.stream, shift);
      epochs.push({ from, shift });
    }
    return epochs;
  }

  /** Streams whose own stamps do not tell where they belong. */
  sparse(): ReadonlySet<number> {
    const dense = new Set(this.#dense().map(([run]) => run?.stream));
    return new Set([...this.#runs.keys()].filter((stream) => !dense.has(stream)));
  }

  #dense(): Run[][] {
    return [...this.#runs.values()].filter((runs) =>
      runs.some((run) => run.steps.length > 0 && stepOf(run) < SPARSE_TICKS),
    );
  }

  #jumps(): Jump[] {
    const dense = this.#dense();
    const all = dense.flatMap((runs) =>
      runs.slice(1).flatMap((after, index) => {
        const before = runs[index];
        return before ? [{ before, after }] : [];
      }),
    );
    return all
      .filter((jump) => !dense.some((runs) => runs.some((run) => isGapFilledBy(jump, run))))
      .sort((one, other) => one.after.firstAt - other.after.firstAt);
  }
}

function beginRun({ stream, kind, at, decode, show, sizeBytes }: Mark): Run {
  return {
    stream,
    isPicture: kind === 'picture',
    firstAt: at,
    lastAt: at,
    firstDecode: decode,
    lastDecode: decode,
    firstShow: show,
    lastShow: show,
    steps: [],
    sizes: [],
    lastSize: sizeBytes,
  };
}

const STEPS = 31;

function goOn(run: Run, { at, decode, show, sizeBytes }: Mark): void {
  const step = ticksBetween(run.lastDecode, decode);
  if (step > 0) remember(run.steps, step);
  if (run.lastSize !== undefined) remember(run.sizes, run.lastSize);
  run.lastSize = sizeBytes;
  run.lastAt = at;
  run.lastDecode = decode;
  if (ticksBetween(run.lastShow, show) > 0) run.lastShow = show;
  const isLeading = ticksBetween(run.firstDecode, decode) < LEADING_TICKS;
  if (isLeading && ticksBetween(run.firstShow, show) < 0) run.firstShow = show;
}

function remember(latest: number[], value: number): void {
  if (latest.push(value) > STEPS) latest.shift();
}

function follows(before: number, next: number): boolean {
  const ticks = ticksBetween(before, next);
  return ticks >= -BACK_TICKS && ticks <= FORWARD_TICKS;
}

/** The usual distance between two packets of a run. */
function stepOf({ steps }: Run): number {
  return median(steps);
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;
}

/**
 * How long the last packet of a run lasts. One of many frames of sound holds only those that were left when the recording
 * ended; taken for as long as the others, it would seem to outlast the picture. Its size tells, near enough, how many.
 */
function lastLength(run: Run): number {
  const step = stepOf(run);
  const size = median(run.sizes);
  if (run.isPicture || step <= ONE_FRAME_TICKS || run.lastSize === undefined || size === 0) return step;
  return Math.round(step * Math.min(1, run.lastSize / size));
}

/** A stream that goes on through what another one leaves out says that this is a gap, and that the clock is right. */
function isGapFilledBy({ before, after }: Jump, run: Run): boolean {
  const gap = ticksBetween(before.lastDecode, after.firstDecode);
  if (gap <= 0 || run.stream === before.stream || run.firstAt > after.firstAt || run.lastAt < after.firstAt)
    return false;
  const middle = wrapTicks(before.lastDecode + gap / 2);
  return covers(run, middle, 0);
}

function covers(run: Run, moment: number, apart: number): boolean {
  const length = ticksBetween(run.firstDecode, run.lastDecode);
  const at = ticksBetween(run.firstDecode, moment);
  return at >= -apart && at <= length + apart;
}

/** Jumps that are one jump of the clock, as seen by each stream. */
function together(jumps: readonly Jump[]): Jump[][] {
  const groups: Jump[][] = [];
  for (const jump of jumps) {
    const group = groups.at(-1);
    if (group && belongsTo(jump, group)) group.push(jump);
    else groups.push([jump]);
  }
  return groups;
}

function belongsTo({ after }: Jump, group: readonly Jump[]): boolean {
  const [first] = group;
  if (!first || group.some((other) => other.after.stream === after.stream)) return false;
  return after.firstAt <= first.after.lastAt && covers(first.after, after.firstShow, APART_TICKS);
}

/**
 * What moves the clock behind a jump to where it was before. Pictures follow one another as they always do; where sound
 * would overlap by more than a moment, the last picture stands for as many times its length as the sound needs.
 */
function shiftOver(jumps: readonly Jump[], shifts: ReadonlyMap<number, number>): number {
  const leader = jumps.find(({ before }) => before.isPicture) ?? jumps[0];
  if (!leader) return 0;
  const shift = seamlessShift(leader, shifts);
  const late = Math.max(0, ...jumps.map((jump) => ticksBetween(shift, seamlessShift(jump, shifts))));
  if (late <= TAIL_TICKS) return shift;
  const step = Math.max(1, stepOf(leader.before));
  return wrapTicks(shift + Math.ceil(late / step) * step);
}

function seamlessShift({ before, after }: Jump, shifts: ReadonlyMap<number, number>): number {
  const end = before.lastShow + lastLength(before) + (shifts.get(before.stream) ?? 0);
  return wrapTicks(end - after.firstShow);
}

/** Says of every mark by how much it is to be moved. */
export class ClockMender {
  readonly #epochs: readonly Epoch[];
  readonly #sparse: ReadonlySet<number>;
  readonly #last = new Map<number, { readonly epoch: number; readonly moved: number }>();
  #newest = 0;

  constructor(epochs: readonly Epoch[], sparse: ReadonlySet<number>) {
    this.#epochs = epochs;
    this.#sparse = sparse;
  }

  /** Takes marks in the order of the file; gives back ticks to be added, modulo the clock. */
  shiftOf(mark: Mark): number {
    while ((this.#epochs[this.#newest + 1]?.from ?? Number.POSITIVE_INFINITY) <= mark.at) this.#newest += 1;
    const tellsItself = mark.kind !== 'reference' && !this.#sparse.has(mark.stream);
    const epoch = tellsItself ? this.#epochOf(mark) : this.#newest;
    const shift = this.#shiftIn(epoch);
    if (tellsItself) this.#last.set(mark.stream, { epoch, moved: mark.decode + shift });
    return shift;
  }

  /** Streams do not change clocks at the same byte: one whose stamps go on is on its old clock still. */
  #epochOf({ stream, decode }: Mark): number {
    const last = this.#last.get(stream);
    if (!last) return this.#newest;
    for (let epoch = last.epoch; epoch < this.#newest; epoch += 1) {
      if (follows(last.moved, decode + this.#shiftIn(epoch))) return epoch;
    }
    return this.#newest;
  }

  #shiftIn(epoch: number): number {
    return this.#epochs[epoch]?.shift ?? 0;
  }
}
