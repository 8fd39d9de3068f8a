import {
  type CacheControl,
  type Directives,
  parseCacheControl,
  parseDirectives,
  readDirectives,
} from './cache-control.ts';
import { type FieldList, fieldOf } from './fields.ts';
import { type InnerList, type Item, parseDictionary } from './structured-field.ts';

/** What the origin wants this cache to do with an answer. */
export interface CachePolicy extends CacheControl {
  /** From a field meant for caches like this one: then `Cache-Control` and `Expires` are for others. */
  readonly targeted: boolean;
}

/** What this cache is called in `Surrogate-Capability` and `Surrogate-Control`. */
export const SURROGATE_NAME = 'frontrow';

/**
 * From the first field that speaks to a content delivery network: `CDN-Cache-Control` (RFC 9213), `Surrogate-Control`
 * (the W3C's Edge Architecture note), otherwise `Cache-Control`. A field that cannot be read counts as not sent.
 */
export function readCachePolicy(fields: FieldList): CachePolicy {
  const targeted = readCdnCacheControl(fieldOf(fields, 'cdn-cache-control')) ?? readSurrogate(fields);
  if (targeted) return { ...targeted, targeted: true };
  return { ...parseCacheControl(fieldOf(fields, 'cache-control')), targeted: false };
}

/** A dictionary of directives; one whose value is of another type than it should be is skipped. RFC 9213 section 2.1. */
function readCdnCacheControl(value: string | undefined): CacheControl | undefined {
  const dictionary = value === undefined ? undefined : parseDictionary(value);
  if (!dictionary || dictionary.size === 0) return undefined;
  const directives = new Map<string, (string | undefined)[]>();
  for (const [name, member] of dictionary) {
    const argument = 'item' in member ? argumentOf(name, member) : fieldNamesOf(member);
    if (argument !== 'skip') directives.set(name, [argument === 'none' ? undefined : argument]);
  }
  return readDirectives(directives);
}

const LIFETIMES: ReadonlySet<string> = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error']);

function argumentOf(name: string, { item }: Item): string {
  if (LIFETIMES.has(name)) return item.type === 'integer' ? String(Math.max(0, item.value)) : 'skip';
  if (item.type === 'boolean') return item.value ? 'none' : 'skip';
  // `no-cache="set-cookie"`: a name or several, as in Cache-Control.
  return item.type === 'string' || item.type === 'token' ? `"${item.value}"` : 'skip';
}

function fieldNamesOf({ list }: InnerList): string {
  return `"${list.map(({ item }) => String(item.value)).join(',')}"`;
}

/** Directives are everybody's or, behind a semicolon, somebody's by name; those of our name come before the others. */
function readSurrogate(fields: FieldList): CacheControl | undefined {
  const value = fieldOf(fields, 'surrogate-control');
  if (value === undefined) return undefined;
  const [general, own]: [string[], string[]] = [[], []];
  for (const [name, given] of parseDirectives(value)) {
    for (const argument of given) {
      const [text = '', ...targets] = (argument === undefined ? name : `${name}=${argument}`).split(';');
      const target = targets.map((each) => each.trim().toLowerCase()).join(';');
      if (target === SURROGATE_NAME) own.push(text.trim());
      else if (target === '') general.push(text.trim());
    }
  }
  const directives = surrogateDirectives(parseDirectives([...own, ...general].join(', ')));
  return directives.size === 0 ? undefined : readDirectives(directives);
}

/** What says something about storing; `content="ESI/1.0"` alone leaves that to `Cache-Control`. */
const SURROGATE_DIRECTIVES: ReadonlySet<string> = new Set([
  ...['no-store', 'no-store-remote', 'max-age', 'stale-while-revalidate', 'stale-if-error', 'no-cache', 'private'],
]);

/** In that note's words `max-age=60+30` is fresh for 60 seconds and may be stale for another 30 while it is renewed. */
function surrogateDirectives(seen: Directives): Directives {
  const directives = new Map([...seen].filter(([name]) => SURROGATE_DIRECTIVES.has(name)));
  if (directives.delete('no-store-remote')) directives.set('no-store', [undefined]);
  const [fresh, stale] = directives.get('max-age')?.[0]?.split('+') ?? [];
  if (fresh !== undefined && stale !== undefined) {
    directives.set('max-age', [fresh]);
    if (!directives.has('stale-while-revalidate')) directives.set('stale-while-revalidate', [stale]);
  }
  return directives;
}
