/**
 * What a player says of the state of a live playlist that it waits for (draft-pantos-hls-rfc8216bis section 6.2.5). Two
 * requests for one state are one text here, whatever order and company their parameters came in.
 */
export interface Directives {
  /** `_HLS_msn`: answered when this segment is listed, or the part of it below. */
  readonly msn?: number;
  /** `_HLS_part`: of that segment, from 0. */
  readonly part?: number;
  /** `_HLS_skip`: what the player has need not be repeated. */
  readonly skip?: true;
}

/** As long as a decimal integer of RFC 8216 may be (section 4.2), zeros in front included. */
const INTEGER = /^\d{1,20}$/;
const NAMES: ReadonlySet<string> = new Set(['_HLS_msn', '_HLS_part', '_HLS_skip']);

/**
 * Reads the directives in a raw query (without `?`); whatever else stands in it is of no account. Undefined where they
 * cannot be meant: one twice, no number, or a part of no segment.
 */
export function readDirectives(query: string): Directives | undefined {
  if (query === '') return NONE;
  const found = new Map<string, string>();
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    if (!NAMES.has(name)) continue;
    if (found.has(name)) return undefined;
    found.set(name, equals === -1 ? '' : pair.slice(equals + 1));
  }
  return found.size === 0 ? NONE : checked(found);
}

const NONE: Directives = {};

function checked(found: ReadonlyMap<string, string>): Directives | undefined {
  const msn = found.get('_HLS_msn');
  const part = found.get('_HLS_part');
  const skip = found.get('_HLS_skip');
  if (msn !== undefined && !INTEGER.test(msn)) return undefined;
  if (part !== undefined && (msn === undefined || !INTEGER.test(part))) return undefined;
  if (skip !== undefined && skip !== 'YES' && skip !== 'v2') return undefined;
  return {
    ...(msn === undefined ? {} : { msn: Number(msn) }),
    ...(part === undefined ? {} : { part: Number(part) }),
    // `v2` is for date ranges too, which we do not leave out: it gets the same, and so is the same.
    ...(skip === undefined ? {} : { skip: true }),
  };
}

/** As a query, sorted by name as players send them; empty for none. */
export function writeDirectives({ msn, part, skip }: Directives): string {
  const pairs: string[] = [];
  if (msn !== undefined) pairs.push(`_HLS_msn=${msn}`);
  if (part !== undefined) pairs.push(`_HLS_part=${part}`);
  if (skip) pairs.push('_HLS_skip=YES');
  return pairs.join('&');
}

/** The query without anything that players add of themselves, for those who signed the address before that. */
export function withoutDirectives(query: string): string {
  if (!query.includes('_HLS_')) return query;
  return query
    .split('&')
    .filter((pair) => !pair.startsWith('_HLS_'))
    .join('&');
}
