/** One of the source's packets, as ffmpeg has read it. Times are seconds on the source's own clock. */
export interface SourcePacket {
  readonly kind: 'video' | 'audio';
  readonly decodeSeconds: number;
  readonly showSeconds: number;
  readonly bytes: number;
  readonly isKey: boolean;
}

interface Stream {
  kind: SourcePacket['kind'];
  secondsPerTick: number;
}

/** A line longer than this is none of ffmpeg's. */
const LONGEST_LINE = 1_000;

/** Reads the text of ffmpeg's `framecrc` as it comes: a head that tells of streams, then a line a packet. */
export class TapReader {
  readonly #streams = new Map<string, Stream>();
  #left = '';

  push(text: string): SourcePacket[] {
    const lines = (this.#left + text).split('\n');
    this.#left = (lines.pop() ?? '').slice(-LONGEST_LINE);
    return lines.flatMap((line) => this.#read(line) ?? []);
  }

  #read(line: string): SourcePacket | undefined {
    if (line.startsWith('#')) return this.#readHead(line);
    const [index = '', dts, pts, , size, , flags] = line.split(',').map((field) => field.trim());
    const stream = this.#streams.get(index);
    const [decode, show, bytes] = [Number(dts), Number(pts), Number(size)];
    if (!stream || !Number.isFinite(decode) || !Number.isFinite(show) || !Number.isFinite(bytes)) return undefined;
    return {
      kind: stream.kind,
      decodeSeconds: decode * stream.secondsPerTick,
      showSeconds: show * stream.secondsPerTick,
      bytes,
      // Only flags other than those of a key frame are written.
      isKey: flags === undefined || !flags.startsWith('F='),
    };
  }

  #readHead(line: string): undefined {
    const [, name, index = '', value = ''] = /^#(tb|media_type) (\d+): (\S+)/.exec(line) ?? [];
    if (!name) return;
    const stream = this.#streams.get(index) ?? { kind: 'video', secondsPerTick: 0 };
    this.#streams.set(index, stream);
    if (name === 'media_type') stream.kind = value === 'audio' ? 'audio' : 'video';
    const [num = 0, den = 1] = value.split('/').map(Number);
    if (name === 'tb') stream.secondsPerTick = num / den;
  }
}
