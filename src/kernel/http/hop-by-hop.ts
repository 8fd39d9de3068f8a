import { type FieldList, fieldOf, withoutFields } from './fields.ts';

/** Fields about one connection, never forwarded and never stored. RFC 9110 section 7.6.1 and RFC 9111 section 3.1. */
const HOP_BY_HOP: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
const FIXED: ReadonlySet<string> = new Set(HOP_BY_HOP);

export function isHopByHop(name: string): boolean {
  return FIXED.has(name.toLowerCase());
}

/** The list without the fields above and without those that `Connection` names. */
export function withoutHopByHop(fields: FieldList): string[] {
  const connection = fieldOf(fields, 'connection');
  if (connection === undefined) return withoutFields(fields, FIXED);
  const named = connection.split(',').map((name) => name.trim().toLowerCase());
  return withoutFields(fields, new Set([...HOP_BY_HOP, ...named]));
}
