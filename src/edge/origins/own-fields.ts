import { SettingsError } from '../../config/settings.ts';
import { EDGE_SIGNATURE_HEADER } from '../../kernel/access/edge-signature.ts';
import { type FieldList, isFieldName, isFieldValue, withoutFields } from '../../kernel/http/fields.ts';
import { isHopByHop } from '../../kernel/http/hop-by-hop.ts';
import { PARTIAL, WRITTEN_ANEW } from '../written-fields.ts';

export interface OwnFieldSettings {
  /** Lines of `Name: value`. */
  readonly originHeaders: string;
  /** `origin`, `viewer`, or a host. */
  readonly originHostHeader: string;
}

/** What a request says about itself, before it is known whom it goes to. */
export interface Unaddressed {
  /** Without `Host`. */
  readonly fields: FieldList;
  /** Whom the viewer asked; undefined where the answer is no single viewer's. */
  readonly viewedHost?: string | undefined;
}

export interface Addressed {
  readonly fields: FieldList;
  /** The name that TLS asks for and checks; undefined for that of the `Host` field. */
  readonly serverName: string | undefined;
}

/** CloudFront's limits: what is larger was not meant for a header. */
const MAX_FIELDS = 30;
const MAX_NAME_LENGTH = 256;
const MAX_VALUE_LENGTH = 1_783;
const MAX_LENGTH = 10_240;

/** Written by the edge for each request, from what it knows of the viewer and of what is in hand. */
const WRITTEN_HERE: ReadonlySet<string> = new Set([
  ...WRITTEN_ANEW,
  ...PARTIAL,
  'content-length',
  'accept-encoding',
  'sec-purpose',
  EDGE_SIGNATURE_HEADER,
]);

const HOST = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** What the operator has the edge say to its origins: fields of his own, and the name of the host. */
export class OwnFields {
  readonly #fields: FieldList;
  readonly #names: ReadonlySet<string>;
  readonly #host: string;

  /** @throws SettingsError that names the line and the field, never the value */
  constructor({ originHeaders, originHostHeader }: OwnFieldSettings) {
    this.#fields = parseLines(originHeaders);
    this.#names = new Set(this.#fields.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase()));
    if (!HOST.test(originHostHeader)) {
      throw new SettingsError('FRONTROW_ORIGIN_HOST_HEADER must be origin, viewer, or the name of a host');
    }
    this.#host = originHostHeader;
  }

  /** Answers may differ by the host that viewers ask for, so that they are variants. */
  get tellsViewedHost(): boolean {
    return this.#host === 'viewer';
  }

  /** The one name under which every origin is asked, where there is one. */
  get fixedHost(): string | undefined {
    return this.#host === 'origin' || this.#host === 'viewer' ? undefined : this.#host;
  }

  forOrigin({ fields, viewedHost }: Unaddressed, url: URL): Addressed {
    const viewed = this.tellsViewedHost && viewedHost ? viewedHost : undefined;
    const host = this.fixedHost ?? viewed ?? url.host;
    const others = this.#names.size === 0 ? fields : withoutFields(fields, this.#names);
    return { fields: ['Host', host, ...others, ...this.#fields], serverName: serverNameOf(this.fixedHost ?? url.host) };
  }
}

/** An origin proves who it is by the name that the operator wrote down, never by one that a viewer chose. */
export function serverNameOf(host: string): string | undefined {
  const name = host.replace(/:\d+$/, '');
  // TLS knows names only: RFC 6066 section 3.
  return /^[\d.]+$|^\[/.test(name) ? undefined : name;
}

function parseLines(text: string): string[] {
  const fields: string[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() !== '') fields.push(...parseLine(line, `line ${at + 1} of FRONTROW_ORIGIN_HEADERS`));
  }
  if (fields.length > MAX_FIELDS * 2 || fields.join('').length > MAX_LENGTH) {
    throw new SettingsError(`FRONTROW_ORIGIN_HEADERS may hold ${MAX_FIELDS} fields and ${MAX_LENGTH} characters`);
  }
  return fields;
}

function parseLine(line: string, place: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0)).trim();
  const value = line.slice(colon + 1).trim();
  if (!isFieldName(name) || name.length > MAX_NAME_LENGTH) throw new SettingsError(`${place} must be Name: value`);
  if (WRITTEN_HERE.has(name.toLowerCase()) || isHopByHop(name)) {
    throw new SettingsError(`${place} names ${name}, which the edge writes itself`);
  }
  if (!isFieldValue(value) || value.length > MAX_VALUE_LENGTH) {
    throw new SettingsError(
      `${place}: the value of ${name} must be at most ${MAX_VALUE_LENGTH} characters that may be sent`,
    );
  }
  return [name, value];
}
