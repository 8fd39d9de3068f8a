import { parseDirectives } from './cache-control.ts';
import { type FieldList, fieldOf, firstOf, type ResponseHead, withoutFields } from './fields.ts';
import { parseContentRange } from './range.ts';
import { varyNames } from './vary.ts';

/** The codings a body is compressed into here. RFC 9110 section 8.4.1, RFC 7932, RFC 9659. */
export type Coding = 'br' | 'zstd' | 'gzip';

/** The best first, of those that a viewer wants equally. docs/decisions/0022-compression.md has the figures. */
export const CODINGS: readonly Coding[] = ['br', 'zstd', 'gzip'];

/** What a viewer's `Accept-Encoding` comes to. */
export interface Accepted {
  /** The coding to send; undefined for none. */
  readonly coding: Coding | undefined;
  /** The same for an origin, in one spelling of a few: every one of ours that is welcome, or `identity`. */
  readonly told: string;
}

const NOTHING: Accepted = { coding: undefined, told: 'identity' };

/** The few ways in which browsers say it, so that a hit need not read them again. */
const known = new Map<string, Accepted>();
const MAX_KNOWN = 1_000;
/** Four times what browsers send. What is longer is not worth reading. */
const MAX_LENGTH = 256;

/** Never throws: what is not as RFC 9110 section 12.5.3 has it counts as not sent. */
export function readAcceptEncoding(value: string | undefined): Accepted {
  if (value === undefined || value.length > MAX_LENGTH) return NOTHING;
  const before = known.get(value);
  if (before) return before;
  const weights = weightsOf(value);
  const accepted = weights ? choose(weights) : NOTHING;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(value, accepted);
  return accepted;
}

/** A coding is taken when it is wanted no less than the body as it is; what is not named has the weight of `*`. */
function choose(weights: ReadonlyMap<string, number>): Accepted {
  const weightOf = (name: string) => weights.get(name) ?? weights.get('*') ?? 0;
  const welcome = CODINGS.filter((coding) => weightOf(coding) > 0);
  const [first, ...others] = welcome;
  if (first === undefined) return NOTHING;
  const best = others.reduce((one, other) => (weightOf(other) > weightOf(one) ? other : one), first);
  return (weights.get('identity') ?? 0) > weightOf(best) ? NOTHING : { coding: best, told: welcome.join(', ') };
}

const MEMBER = /^([!#$%&'*+.^_`|~0-9a-z-]+)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/;

/** Undefined for what cannot be read. What is named twice has its first weight. */
function weightsOf(value: string): ReadonlyMap<string, number> | undefined {
  const weights = new Map<string, number>();
  for (const member of value.toLowerCase().split(',')) {
    const text = member.trim();
    if (text === '') continue;
    const match = MEMBER.exec(text);
    if (!match) return undefined;
    const name = match[1] === 'x-gzip' ? 'gzip' : (match[1] ?? '');
    if (!weights.has(name)) weights.set(name, Number(match[2] ?? 1));
  }
  return weights;
}

/** CloudFront's bounds. Below, the fields cost what the coding saves; above, a coding holds memory and time for long. */
const MIN_CODED_BYTES = 1_000;
const MAX_CODED_BYTES = 10_000_000;

/**
 * Whether an answer is one that viewers may get in a coding: a whole one that the origin sends as it is to everybody, of a
 * type that grows smaller, neither too small nor too large. A size that is not known yet is taken on trust. A part counts
 * as the whole that it is of: it is never coded itself, but caches must know that the whole is.
 */
export function isCompressible(head: ResponseHead, sizeBytes: number | undefined): boolean {
  const { status, fields } = head;
  if ((status !== 200 && status !== 206) || !isCompressibleType(firstOf(fields, 'content-type'))) return false;
  const range = fieldOf(fields, 'content-range');
  const bytes = status === 206 ? (parseContentRange(range)?.totalBytes ?? 0) : sizeBytes;
  if (bytes !== undefined && (bytes < MIN_CODED_BYTES || bytes > MAX_CODED_BYTES)) return false;
  if (fieldOf(fields, 'content-encoding') !== undefined || (status === 200 && range !== undefined)) return false;
  return !forbidsTransforming(fields) && !isOrigins(head);
}

/** RFC 9111 section 5.2.2.6; a field for caches like this one may say it too. */
function forbidsTransforming(fields: FieldList): boolean {
  return ['cache-control', 'cdn-cache-control'].some((name) => {
    const value = fieldOf(fields, name);
    return value !== undefined && parseDirectives(value).has('no-transform');
  });
}

/** An origin that chooses by `Accept-Encoding` has chosen. */
function isOrigins(head: ResponseHead): boolean {
  const names = varyNames(head);
  return names === '*' || names.includes('accept-encoding');
}

/** CloudFront's list, and what it leaves out though it is text: WebVTT, and all that ends in `+json` or `+xml`. */
const TYPES: ReadonlySet<string> = new Set([
  'vnd.apple.mpegurl',
  'audio/mpegurl',
  'audio/x-mpegurl',
  'image/svg+xml',
  ...['eot', 'opentype', 'otf', 'ttf'].map((name) => `font/${name}`),
  ...[
    ...['eot', 'font', 'font-sfnt', 'javascript', 'json', 'opentype', 'otf', 'pdf', 'pkcs7-mime', 'protobuf'],
    ...['truetype', 'ttf', 'vnd.apple.mpegurl', 'vnd.mapbox-vector-tile', 'vnd.ms-fontobject', 'wasm', 'xml'],
    ...['x-font-opentype', 'x-font-truetype', 'x-font-ttf', 'x-httpd-cgi', 'x-javascript', 'x-mpegurl', 'x-ndjson'],
    ...['x-opentype', 'x-otf', 'x-perl', 'x-ttf'],
  ].map((name) => `application/${name}`),
]);

/** A stream of events is text too, but each of them is to arrive when it is sent. */
function isCompressibleType(contentType: string | undefined): boolean {
  if (contentType === undefined) return false;
  const end = contentType.indexOf(';');
  const type = (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
  if (type.startsWith('text/')) return type !== 'text/event-stream';
  return TYPES.has(type) || /^application\/[^/]+\+(?:json|xml)$/.test(type);
}

/** About the bytes of the body as it is; ranges are served of that alone. */
const OF_IDENTITY: ReadonlySet<string> = new Set([
  ...['etag', 'content-md5', 'digest', 'content-digest', 'repr-digest', 'accept-ranges'],
]);

/** What is still true of an answer when its body is sent in a coding. RFC 9110 section 8.8.3.3. */
export function codedFields(fields: FieldList): string[] {
  const etag = weakTag(fieldOf(fields, 'etag'));
  return [...withoutFields(fields, OF_IDENTITY), ...(etag === undefined ? [] : ['ETag', etag])];
}

/** Stands for what is in the body in every coding of it. Undefined for what is no tag. */
export function weakTag(etag: string | undefined): string | undefined {
  if (etag === undefined || !/^(?:W\/)?"[^"]*"$/.test(etag)) return undefined;
  return etag.startsWith('W/') ? etag : `W/${etag}`;
}

/** Says, in the first `Vary` there is, that other viewers get another coding. */
export function addVary(fields: string[]): void {
  const at = fields.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === 'vary');
  if (at < 0) fields.push('Vary', 'Accept-Encoding');
  else fields[at + 1] = `${fields[at + 1]}, Accept-Encoding`;
}
