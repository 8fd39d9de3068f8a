import type { FieldError } from '../errors.ts';
import { fieldError } from './documents.ts';

/** RFC 9110 sections 5.1 and 5.5; no line ends, so that no value becomes two fields. */
export const fieldSyntax = {
  name: /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/,
  value: /^(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?$/,
};

/** Whether all that a behaviour or a policy selects by name is there when it selects by name, and not otherwise. */
export function* selectionFaults(
  path: string,
  mode: string,
  names: readonly string[],
  listing: readonly string[],
): Generator<FieldError> {
  const lists = listing.includes(mode);
  if (lists && names.length === 0) yield fieldError(path, `is empty, but ${mode} selects by name`);
  if (!lists && names.length > 0) yield fieldError(path, `must be empty: ${mode} does not select by name`);
}

/** Names of fields: such as may be sent, each once whatever its letters' case, and none that `refused` knows of. */
export function* fieldNameFaults(
  path: string,
  names: readonly string[],
  refused: (name: string) => string | undefined,
): Generator<FieldError> {
  const seen = new Set<string>();
  for (const [at, name] of names.entries()) {
    const lower = name.toLowerCase();
    const field = `${path}[${at}]`;
    const reason = fieldSyntax.name.test(name) ? refused(lower) : 'is not the name of a header field';
    if (reason !== undefined) yield fieldError(field, reason);
    if (seen.has(lower)) yield fieldError(field, 'is there twice');
    seen.add(lower);
  }
}

/** Such as ids and cookies, which are told apart by their letters' case. */
export function* repeatFaults(path: string, names: readonly string[]): Generator<FieldError> {
  for (const [at, name] of names.entries()) {
    if (names.indexOf(name) < at) yield fieldError(`${path}[${at}]`, 'is there twice');
  }
}
