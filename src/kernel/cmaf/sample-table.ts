import { type Box, BoxReader, boxesIn, findBox, viewOf } from './boxes.ts';

/**
 * Where every sample of one track lies and when it is shown, as the index of an ISO file (`moov`) has it. Columns rather
 * than rows: a film of two hours has a quarter of a million samples. Samples are in decoding order.
 */
export interface SampleTable {
  readonly trackId: number;
  readonly kind: 'video' | 'audio' | 'other';
  /** Ticks a second. */
  readonly timescale: number;
  readonly count: number;
  readonly sizeBytes: Uint32Array;
  /** Of a sample's first byte in the file. */
  readonly offsets: Float64Array;
  /** Decoding time, in ticks from the track's start. */
  readonly decodeTicks: Float64Array;
  /** From decoding to presentation. */
  readonly compositionTicks: Int32Array;
  /** 1 where decoding can begin. */
  readonly sync: Uint8Array;
  readonly edits: readonly Edit[];
  /** The one sample description (`avc1`, `mp4a`, …), header included; undefined when the track has several. */
  readonly entry: Uint8Array | undefined;
}

/** One entry of an edit list (ISO/IEC 14496-12 section 8.6.6). */
export interface Edit {
  /** On the movie's clock. */
  readonly durationSeconds: number;
  /** In the track's ticks; -1 for a stretch without any picture or sound. */
  readonly mediaTicks: number;
  readonly isPlainRate: boolean;
}

/** Twelve hours at sixty a second are less; tables may claim thousands of millions in a few bytes. */
const MOST_SAMPLES = 3_000_000;
const MOST_TRACKS = 64;

/**
 * Reads the index of an ISO file. Tracks whose tables contradict themselves or end too early are left out, as are tracks
 * of fragmented files, whose samples are not in the index.
 * @param moov the box with its header.
 * @param kind leaves out all other tracks, unread.
 */
export function readSampleTables(moov: Uint8Array, kind?: SampleTable['kind']): SampleTable[] {
  const movie = findBox(moov, ['moov']);
  if (!movie) return [];
  const mvhd = findBox(moov, ['mvhd'], movie.bodyStart, movie.end);
  const movieTimescale = mvhd ? readTimescale(moov, mvhd) : 0;
  return [...boxesIn(moov, movie.bodyStart, movie.end)]
    .filter(({ type }) => type === 'trak')
    .slice(0, MOST_TRACKS)
    .flatMap((trak) => readTrack(moov, trak, movieTimescale, kind) ?? []);
}

function readTrack(
  bytes: Uint8Array,
  trak: Box,
  movieTimescale: number,
  wanted: SampleTable['kind'] | undefined,
): SampleTable | undefined {
  const box = (...path: string[]) => findBox(bytes, path, trak.bodyStart, trak.end);
  const table = (type: string) => box('mdia', 'minf', 'stbl', type);
  const [tkhd, mdhd, hdlr] = [box('tkhd'), box('mdia', 'mdhd'), box('mdia', 'hdlr')];
  if (!tkhd || !mdhd || !hdlr) return undefined;
  const kind = kindOf(bytes, hdlr);
  if (wanted !== undefined && kind !== wanted) return undefined;
  const sizeBytes = readSizes(bytes, table('stsz'));
  if (!sizeBytes || sizeBytes.length === 0) return undefined;
  const timescale = readTimescale(bytes, mdhd);
  const count = sizeBytes.length;
  const offsets = readOffsets(bytes, sizeBytes, table('stsc'), table('stco'), table('co64'));
  const decodeTicks = readDecodeTimes(bytes, count, table('stts'));
  const compositionTicks = readComposition(bytes, count, table('ctts'));
  if (timescale === 0 || !offsets || !decodeTicks || !compositionTicks) return undefined;
  return {
    trackId: readTrackId(bytes, tkhd),
    kind,
    timescale,
    count,
    sizeBytes,
    offsets,
    decodeTicks,
    compositionTicks,
    sync: readSync(bytes, count, table('stss')),
    edits: readEdits(bytes, box('edts', 'elst'), movieTimescale),
    entry: readOnlyEntry(bytes, table('stsd')),
  };
}

/** `mvhd` and `mdhd` begin alike. */
function readTimescale(bytes: Uint8Array, box: Box): number {
  const read = new BoxReader(bytes, box);
  const version = read.u32() >>> 24;
  read.skip(version === 1 ? 16 : 8);
  return read.u32();
}

function readTrackId(bytes: Uint8Array, tkhd: Box): number {
  const read = new BoxReader(bytes, tkhd);
  const version = read.u32() >>> 24;
  read.skip(version === 1 ? 16 : 8);
  return read.u32();
}

function kindOf(bytes: Uint8Array, hdlr: Box): SampleTable['kind'] {
  const type = String.fromCharCode(...bytes.subarray(hdlr.bodyStart + 8, Math.min(hdlr.bodyStart + 12, hdlr.end)));
  if (type === 'vide') return 'video';
  return type === 'soun' ? 'audio' : 'other';
}

/** The rows of a table behind its version, flags and count; undefined when it claims more than its box holds. */
function rowsOf(
  bytes: Uint8Array,
  box: Box,
  rowBytes: number,
): { view: DataView; at: number; rows: number } | undefined {
  const at = box.bodyStart + 8;
  if (at > box.end) return undefined;
  const view = viewOf(bytes);
  const rows = view.getUint32(box.bodyStart + 4);
  return at + rows * rowBytes <= box.end ? { view, at, rows } : undefined;
}

function readSizes(bytes: Uint8Array, stsz: Box | undefined): Uint32Array | undefined {
  if (!stsz || stsz.bodyStart + 12 > stsz.end) return undefined;
  const view = viewOf(bytes);
  const same = view.getUint32(stsz.bodyStart + 4);
  const count = view.getUint32(stsz.bodyStart + 8);
  const at = stsz.bodyStart + 12;
  if (count > MOST_SAMPLES || (same === 0 && at + 4 * count > stsz.end)) return undefined;
  const sizes = new Uint32Array(count);
  if (same > 0) return sizes.fill(same);
  for (let index = 0; index < count; index += 1) sizes[index] = view.getUint32(at + 4 * index);
  return sizes;
}

/** Chunks say where runs of samples begin, and `stsc` how many samples each chunk has. */
function readOffsets(
  bytes: Uint8Array,
  sizes: Uint32Array,
  stsc: Box | undefined,
  stco: Box | undefined,
  co64: Box | undefined,
): Float64Array | undefined {
  const runs = stsc && rowsOf(bytes, stsc, 12);
  const chunkBox = stco ?? co64;
  const chunks = chunkBox && rowsOf(bytes, chunkBox, stco ? 4 : 8);
  if (!runs || !chunks) return undefined;
  const offsets = new Float64Array(sizes.length);
  let sample = 0;
  for (let run = 0; run < runs.rows; run += 1) {
    const first = runs.view.getUint32(runs.at + 12 * run);
    const perChunk = runs.view.getUint32(runs.at + 12 * run + 4);
    const next = run + 1 < runs.rows ? runs.view.getUint32(runs.at + 12 * (run + 1)) : chunks.rows + 1;
    // Chunks are counted from 1, and runs are in their order.
    if (first < 1 || next <= first) return undefined;
    for (let chunk = first; chunk < next && chunk <= chunks.rows && sample < sizes.length; chunk += 1) {
      let offset = stco
        ? chunks.view.getUint32(chunks.at + 4 * (chunk - 1))
        : Number(chunks.view.getBigUint64(chunks.at + 8 * (chunk - 1)));
      if (!Number.isSafeInteger(offset)) return undefined;
      for (let left = perChunk; left > 0 && sample < sizes.length; left -= 1) {
        offsets[sample] = offset;
        offset += sizes[sample] ?? 0;
        sample += 1;
      }
    }
  }
  return sample === sizes.length ? offsets : undefined;
}

function readDecodeTimes(bytes: Uint8Array, count: number, stts: Box | undefined): Float64Array | undefined {
  const runs = stts && rowsOf(bytes, stts, 8);
  if (!runs) return undefined;
  const times = new Float64Array(count);
  let sample = 0;
  let ticks = 0;
  for (let run = 0; run < runs.rows; run += 1) {
    const delta = runs.view.getUint32(runs.at + 8 * run + 4);
    for (let left = runs.view.getUint32(runs.at + 8 * run); left > 0 && sample < count; left -= 1) {
      times[sample] = ticks;
      ticks += delta;
      sample += 1;
    }
  }
  return sample === count ? times : undefined;
}

/** Without the table, samples are shown when they are decoded. Offsets are signed in practice, whatever the version. */
function readComposition(bytes: Uint8Array, count: number, ctts: Box | undefined): Int32Array | undefined {
  const offsets = new Int32Array(count);
  if (!ctts) return offsets;
  const runs = rowsOf(bytes, ctts, 8);
  if (!runs) return undefined;
  let sample = 0;
  for (let run = 0; run < runs.rows; run += 1) {
    const offset = runs.view.getInt32(runs.at + 8 * run + 4);
    for (let left = runs.view.getUint32(runs.at + 8 * run); left > 0 && sample < count; left -= 1) {
      offsets[sample] = offset;
      sample += 1;
    }
  }
  return sample === count ? offsets : undefined;
}

/** Without the table, decoding can begin anywhere; with a broken one, nowhere that is known. */
function readSync(bytes: Uint8Array, count: number, stss: Box | undefined): Uint8Array {
  const sync = new Uint8Array(count);
  if (!stss) return sync.fill(1);
  const rows = rowsOf(bytes, stss, 4);
  for (let row = 0; row < (rows?.rows ?? 0); row += 1) {
    const sample = rows?.view.getUint32(rows.at + 4 * row) ?? 0;
    if (sample >= 1 && sample <= count) sync[sample - 1] = 1;
  }
  return sync;
}

function readEdits(bytes: Uint8Array, elst: Box | undefined, movieTimescale: number): Edit[] {
  if (!elst || elst.bodyStart + 8 > elst.end) return [];
  const wide = bytes[elst.bodyStart] === 1;
  const rows = rowsOf(bytes, elst, wide ? 20 : 12);
  const edits: Edit[] = [];
  for (let row = 0; row < Math.min(rows?.rows ?? 0, 100); row += 1) {
    const view = viewOf(bytes);
    const at = elst.bodyStart + 8 + row * (wide ? 20 : 12);
    const duration = wide ? Number(view.getBigUint64(at)) : view.getUint32(at);
    edits.push({
      durationSeconds: movieTimescale > 0 ? duration / movieTimescale : 0,
      mediaTicks: wide ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4),
      isPlainRate: view.getUint32(at + (wide ? 16 : 8)) === 0x0001_0000,
    });
  }
  return edits;
}

function readOnlyEntry(bytes: Uint8Array, stsd: Box | undefined): Uint8Array | undefined {
  if (!stsd) return undefined;
  const [entry, other] = boxesIn(bytes, stsd.bodyStart + 8, stsd.end);
  return entry && !other ? bytes.slice(entry.start, entry.end) : undefined;
}
