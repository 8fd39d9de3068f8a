import { fieldOf, type ResponseHead } from './fields.ts';

/** Lower-case names of the request fields an answer depends on, sorted; `*` when it depends on more than the request. */
export function varyNames(head: ResponseHead): readonly string[] | '*' {
  const value = fieldOf(head.fields, 'vary');
  if (value === undefined) return [];
  const names = value.split(',').map((name) => name.trim().toLowerCase());
  if (names.includes('*')) return '*';
  return [...new Set(names.filter((name) => name !== ''))].sort();
}

/** What tells one variant from another: the values of the named request fields. RFC 9111 section 4.1. */
export function variantKey(
  names: readonly string[],
  headers: Readonly<Record<string, string | string[] | undefined>>,
): string {
  return names.map((name) => `${name}:${normalised(headers[name])}`).join('\n');
}

function normalised(value: string | string[] | undefined): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : value.join(',');
  return `=${text.replace(/\s*,\s*/g, ',').trim()}`;
}
