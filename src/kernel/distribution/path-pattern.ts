/**
 * The patterns by which a path chooses a behaviour. `*` is any characters, also none and also slashes, `?` exactly one;
 * a pattern fits a whole path, and one without a slash before it is read as if it had one.
 */
const MAX_LENGTH = 255;
const CHARACTERS = /^[A-Za-z0-9_\-.*?$/~"'@:+&]+$/;

/** Whether CloudFront would take it: its characters, and no more than 255 of them. */
export function isPathPattern(text: string): boolean {
  return text.length <= MAX_LENGTH && CHARACTERS.test(text);
}

/** The pattern with its slash, and with no two stars in a row, which say no more than one. */
export function normalPattern(pattern: string): string {
  return (pattern.startsWith('/') ? pattern : `/${pattern}`).replace(/\*{2,}/g, '*');
}

/**
 * A test of paths. What stands between stars is looked for from left to right, each time at the first place where it fits:
 * a later place could only leave less room. So no pattern costs more than its length for each character of a path.
 */
export function compilePathPattern(pattern: string): (path: string) => boolean {
  const [first = '', ...others] = normalPattern(pattern).split('*');
  const last = others.pop();
  if (last === undefined) return isPlain(first) ? (path) => path === first : (path) => fitsWhole(first, path);
  const starts = startTest(first);
  if (others.length === 0 && last === '') return starts;
  const ends = endTest(last);
  if (others.length === 0) return (path) => path.length >= first.length + last.length && starts(path) && ends(path);
  const finders = others.map(finder);
  return (path) => {
    const end = path.length - last.length;
    if (end < first.length || !starts(path) || !ends(path)) return false;
    let at = first.length;
    for (const find of finders) {
      at = find(path, at);
      if (at < 0 || at > end) return false;
    }
    return true;
  };
}

/** A path as it stands in most requests: nothing in it that could be written otherwise. */
const UNCLEAN = /\/\/|\/\.|%/;
/** What may be written either way means the same. RFC 3986 section 6.2.2.2. */
const UNRESERVED = /%(?:2[de]|3\d|4[1-9a-f]|5[\daf]|6[1-9a-f]|7[\dae])/gi;

/**
 * The path by which a behaviour is chosen: without dot segments and doubled slashes, and with letters, digits and dots
 * that came percent-encoded as themselves. No pattern can hold a `%`, so that such spellings could only serve to get
 * around one; an origin is asked for what the viewer wrote. Other encoded characters, `%2F` above all, stay as they are.
 */
export function matchedPath(target: string): string {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  return UNCLEAN.test(path) ? cleaned(path) : path;
}

function cleaned(path: string): string {
  const decoded = path.replace(UNRESERVED, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
  const kept: string[] = [];
  const segments = decoded.split('/');
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '.' && segment !== '') kept.push(segment);
  }
  const last = segments.at(-1);
  const isFolder = kept.length > 0 && (last === '' || last === '.' || last === '..');
  return `/${kept.join('/')}${isFolder ? '/' : ''}`;
}

function isPlain(literal: string): boolean {
  return !literal.includes('?');
}

function fitsWhole(literal: string, text: string): boolean {
  return text.length === literal.length && fitsAt(literal, text, 0);
}

function fitsAt(literal: string, text: string, at: number): boolean {
  for (let index = 0; index < literal.length; index += 1) {
    const wanted = literal.charCodeAt(index);
    if (wanted !== 0x3f && wanted !== text.charCodeAt(at + index)) return false;
  }
  return true;
}

function startTest(literal: string): (path: string) => boolean {
  if (isPlain(literal)) return (path) => path.startsWith(literal);
  return (path) => path.length >= literal.length && fitsAt(literal, path, 0);
}

function endTest(literal: string): (path: string) => boolean {
  if (isPlain(literal)) return (path) => path.endsWith(literal);
  return (path) => fitsAt(literal, path, path.length - literal.length);
}

/** Where the first fit at or behind a place ends; negative when there is none. */
function finder(literal: string): (path: string, from: number) => number {
  if (isPlain(literal)) {
    return (path, from) => {
      const at = path.indexOf(literal, from);
      return at < 0 ? -1 : at + literal.length;
    };
  }
  return (path, from) => {
    for (let at = from; at + literal.length <= path.length; at += 1) {
      if (fitsAt(literal, path, at)) return at + literal.length;
    }
    return -1;
  };
}
