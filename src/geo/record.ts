import type { Place } from '../kernel/place.ts';

export type Located = Omit<Place, 'asn' | 'asName'>;
export type Network = Required<Pick<Place, 'asn'>> & Pick<Place, 'asName'>;

/**
 * What one record of a database says about where an address is. Publishers nest and name the same facts differently:
 * MaxMind and DB-IP by objects with names in many languages, others as flat text.
 */
export function readLocated(record: unknown): Located | undefined {
  const country =
    text(within(record, 'country', 'iso_code')) ?? code(record, 'country_code') ?? code(record, 'country');
  const registered = text(within(record, 'registered_country', 'iso_code'));
  const found = (country ?? registered)?.toUpperCase();
  if (found === undefined || !/^[A-Z]{2}$/.test(found)) return undefined;
  const region = text(within(record, 'subdivisions', '0', 'iso_code'));
  const city = text(within(record, 'city', 'names', 'en')) ?? text(within(record, 'city'));
  const timeZone = text(within(record, 'location', 'time_zone')) ?? text(within(record, 'timezone'));
  return {
    country: found,
    ...(region === undefined ? {} : { region }),
    ...(city === undefined ? {} : { city }),
    ...readPosition(record),
    ...(timeZone === undefined ? {} : { timeZone }),
  };
}

function readPosition(record: unknown): Pick<Place, 'latitude' | 'longitude'> {
  const latitude = degrees(within(record, 'location', 'latitude') ?? within(record, 'latitude'), 90);
  const longitude = degrees(within(record, 'location', 'longitude') ?? within(record, 'longitude'), 180);
  return latitude === undefined || longitude === undefined ? {} : { latitude, longitude };
}

/** What one record says about who announces an address. */
export function readNetwork(record: unknown): Network | undefined {
  const given = within(record, 'autonomous_system_number') ?? within(record, 'asn');
  const asn = Number(typeof given === 'string' ? given.replace(/^AS/i, '') : given);
  if (given === undefined || !Number.isInteger(asn) || asn < 1 || asn > 0xffff_ffff) return undefined;
  const asName = text(within(record, 'autonomous_system_organization')) ?? text(within(record, 'as_name'));
  return { asn, ...(asName === undefined ? {} : { asName }) };
}

function within(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Some databases have a country's name where others have its code. */
function code(record: unknown, name: string): string | undefined {
  const found = text(within(record, name));
  return found?.length === 2 ? found : undefined;
}

function degrees(value: unknown, most: number): number | undefined {
  const found = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof found === 'number' && Math.abs(found) <= most ? found : undefined;
}
