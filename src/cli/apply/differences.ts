/** What differs between two documents, field by field. */
export interface Difference {
  /** Such as `cacheBehaviors[1].compress`. */
  readonly field: string;
  /** Undefined where there is nothing. */
  readonly from: unknown;
  readonly to: unknown;
}

/** Fields that are undefined are not there, and the order of an object's fields says nothing. */
export function differencesOf(from: unknown, to: unknown, field = ''): Difference[] {
  if (Object.is(from, to)) return [];
  if (Array.isArray(from) && Array.isArray(to)) {
    const places = Array.from({ length: Math.max(from.length, to.length) }, (_, at) => at);
    return places.flatMap((at) => differencesOf(from[at], to[at], `${field}[${at}]`));
  }
  if (!isFields(from) || !isFields(to)) return [{ field, from, to }];
  const names = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...names].flatMap((name) => differencesOf(from[name], to[name], field === '' ? name : `${field}.${name}`));
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
