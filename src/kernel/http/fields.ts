/**
 * Header fields as they travel: a flat list of name, value, name, value, names in the sender's own spelling. It is what
 * node hands out (`rawHeaders`) and takes back (`writeHead`), so nothing is converted on the way through.
 */
export type FieldList = readonly string[];

/** An answer without its body. */
export interface ResponseHead {
  readonly status: number;
  readonly fields: FieldList;
}

/** The values of a field joined by `, `, as RFC 9110 section 5.3 allows; undefined when it is absent. */
export function fieldOf(fields: FieldList, name: string): string | undefined {
  let found: string | undefined;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    if (!sameName(fields[at], name)) continue;
    const value = fields[at + 1] ?? '';
    found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}

/** The value of the first line of a field: of what ought to come once, the first counts. Undefined when it is absent. */
export function firstOf(fields: FieldList, name: string): string | undefined {
  for (let at = 0; at + 1 < fields.length; at += 2) if (sameName(fields[at], name)) return fields[at + 1];
  return undefined;
}

/** The list without every field whose lower-case name is in `names`. */
export function withoutFields(fields: FieldList, names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] ?? '';
    if (!names.has(name.toLowerCase())) kept.push(name, fields[at + 1] ?? '');
  }
  return kept;
}

const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110 section 5.5. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export function isFieldName(text: string): boolean {
  return FIELD_NAME.test(text);
}

export function isFieldValue(text: string): boolean {
  return FIELD_VALUE.test(text);
}

/** The list without fields that may not be sent on: a name that is no token, a value with control characters. */
export function withoutMalformed(fields: FieldList): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] ?? '';
    const value = fields[at + 1] ?? '';
    if (isFieldName(name) && isFieldValue(value)) kept.push(name, value);
  }
  return kept;
}

/** `lower` is lower-case already. */
function sameName(name: string | undefined, lower: string): boolean {
  return name !== undefined && name.length === lower.length && (name === lower || name.toLowerCase() === lower);
}
