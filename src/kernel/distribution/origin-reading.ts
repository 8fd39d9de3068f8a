/**
 * What an origin may make of a path that this edge reads to the letter. Servers differ in what they decode, in what ends a
 * path and in what parts it: where the two readings fall under different behaviours, the looser one must not be what a
 * viewer gets by his spelling.
 */

/** Nothing in it that anybody would read otherwise: nearly every path. */
const PLAIN = /^(?!.*(?:\/\/|\/\.))[^%;\\]*$/;
/** Encoded twice, by a proxy in between that decodes as well. */
const MAX_DECODINGS = 3;
const ENCODED_ASCII = /%([0-7][\da-f])/gi;
/** What servers have been seen to end a path at. */
const ENDS = /[?#\0\r\n]/;

/**
 * The path as the most obliging of servers reads it: decoded, to before what ends a path, backslashes for slashes, without
 * what stands behind a `;` in a segment; dot segments are left in it. Undefined when it can be read in one way only.
 */
export function obligingReading(target: string): string | undefined {
  const path = pathOf(target);
  if (PLAIN.test(path)) return undefined;
  const decoded = decode(path);
  const end = decoded.search(ENDS);
  return segmentsOf(end < 0 ? decoded : decoded.slice(0, end)).join('/');
}

/** Whether in anybody's reading it leads out of the folder that it is put behind. */
export function mayLeaveRoot(target: string): boolean {
  const path = pathOf(target);
  if (PLAIN.test(path)) return false;
  let depth = 0;
  for (const segment of path.split('/')) {
    const read = segmentsOf(decode(segment));
    const ups = read.filter((each) => each === '..').length;
    // A segment that somebody takes for several, or for none, is counted as what leads furthest up.
    if (ups > 0) depth -= ups;
    else if (read[0] !== '' && read[0] !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

function pathOf(target: string): string {
  const mark = target.indexOf('?');
  return mark < 0 ? target : target.slice(0, mark);
}

function decode(text: string): string {
  let decoded = text;
  for (let times = 0; times < MAX_DECODINGS && decoded.includes('%'); times += 1) {
    decoded = decoded.replace(ENCODED_ASCII, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
  }
  return decoded;
}

function segmentsOf(decoded: string): string[] {
  return decoded.split(/[/\\]/).map((segment) => segment.replace(/;.*$/s, ''));
}
