/** A part of a body: `start` inclusive, `end` exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * What a `Range` field asks of a body of this size. `whole` for everything that is to be ignored: another unit, broken
 * syntax, several ranges (RFC 9110 section 14.2 lets a server choose). `unsatisfiable` calls for 416.
 */
export function parseRange(value: string, sizeBytes: number): ByteRange | 'whole' | 'unsatisfiable' {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(value);
  if (!match) return 'whole';
  const [, first = '', last = ''] = match;
  if (first === '') return last === '' ? 'whole' : suffix(Number(last), sizeBytes);
  const start = Number(first);
  const end = last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (last !== '' && Number(last) < start) return 'whole';
  return start < sizeBytes ? { start, end } : 'unsatisfiable';
}

function suffix(lengthBytes: number, sizeBytes: number): ByteRange | 'unsatisfiable' {
  if (lengthBytes === 0 || sizeBytes === 0) return 'unsatisfiable';
  return { start: Math.max(0, sizeBytes - lengthBytes), end: sizeBytes };
}

/** The one range that a `Range` field asks for, in one spelling; undefined where a whole body is as good an answer. */
export function singleRange(value: string | undefined): string | undefined {
  const match = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(value ?? '');
  if (!match) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return undefined;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  const isAll = Number(first) === 0 && first !== '' && last === '';
  return isAll ? undefined : `bytes=${first && Number(first)}-${last && Number(last)}`;
}

export interface ContentRange extends ByteRange {
  readonly totalBytes: number;
}

/** What part of how much an answer is; undefined when it does not say both, or not so that it can be. */
export function parseContentRange(value: string | undefined): ContentRange | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/i.exec((value ?? '').trim());
  if (!match) return undefined;
  const [start, last, totalBytes] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return start <= last && last < totalBytes ? { start, end: last + 1, totalBytes } : undefined;
}

/** `Content-Range` with HTTP's inclusive end. */
export function writeContentRange(range: ByteRange | 'unsatisfiable', sizeBytes: number): string {
  return range === 'unsatisfiable' ? `bytes */${sizeBytes}` : `bytes ${range.start}-${range.end - 1}/${sizeBytes}`;
}
