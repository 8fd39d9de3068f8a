import { fieldOf, type ResponseHead } from './fields.ts';

/** Lower-case names of the request fields an answer depends on, sorted; `*` when it depends on more than the request. */
export function varyNames(head: ResponseHead): readonly string[] | '*' {
  const value = fieldOf(head.fields, 'vary');
  if (value === undefined) return [];
  const names = value.split(',').map((name) => name.trim().toLowerCase());
  if (names.includes('*')) return '*';
  return [...new Set(names.filter((name) => name !== ''))].sort();
}

/**
 * What tells one variant from another: the values of the named request fields, written so that two which mean the same
 * are the same. RFC 9111 section 4.1. `toldCodings` is what the origin was asked for where that is not the viewer's own
 * `Accept-Encoding`.
 */
export function variantKey(
  names: readonly string[],
  headers: Readonly<Record<string, string | string[] | undefined>>,
  toldCodings?: string,
): string {
  const sent = (name: string) => (name === 'accept-encoding' ? (toldCodings ?? headers[name]) : headers[name]);
  return names.map((name) => `${name}:${normalised(name, sent(name))}`).join('\n');
}

/** Fields that say what is liked and how much: their members stand in no order, and in no case. RFC 9110 section 12.5. */
const PREFERENCES: ReadonlySet<string> = new Set(['accept-language', 'accept-encoding', 'accept-charset']);

function normalised(name: string, value: string | string[] | undefined): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : value.join(',');
  if (PREFERENCES.has(name)) return inOrder(text);
  // Not by one pattern over all of it: a field of nothing but blanks would take it a time that grows with their square.
  return `=${text
    .split(',')
    .map((member) => member.trim())
    .join(',')}`;
}

/** The few ways in which browsers word their wishes, so that a hit need not read them again. */
const ordered = new Map<string, string>();
const MAX_ORDERED = 1_000;
const MAX_ORDERED_LENGTH = 256;

function inOrder(text: string): string {
  const known = ordered.get(text);
  if (known !== undefined) return known;
  const members = preferences(text).map(({ what, weight }) => `${what};q=${weight}`);
  const written = `=${members.join(',')}`;
  if (text.length > MAX_ORDERED_LENGTH) return written;
  if (ordered.size >= MAX_ORDERED) ordered.clear();
  ordered.set(text, written);
  return written;
}

interface Preference {
  readonly what: string;
  readonly weight: number;
}

/** What a list of preferences names, the most wanted first, of equals in the order of the alphabet. */
function preferences(value: string): Preference[] {
  const members: Preference[] = [];
  for (const member of value.toLowerCase().split(',')) {
    const [what = '', ...parameters] = member.split(';').map((part) => part.trim());
    if (what === '') continue;
    const weight = Number(parameters.find((each) => each.startsWith('q='))?.slice(2) ?? 1);
    members.push({ what, weight: weight >= 0 && weight <= 1 ? weight : 1 });
  }
  return members.sort((one, other) => other.weight - one.weight || (one.what < other.what ? -1 : 1));
}

/** The language somebody wants before all others; undefined when there is none. */
export function firstLanguage(acceptLanguage: string | undefined): string | undefined {
  const [first, second] = preferences(acceptLanguage ?? '');
  if (!first || first.what === '*' || first.weight === 0) return undefined;
  return second && second.weight === first.weight ? undefined : first.what;
}
