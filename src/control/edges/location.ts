import { Fault } from '../../kernel/errors.ts';
import type { EdgeLocation } from '../../kernel/steering/fleet.ts';

/** @throws Fault INVALID_REQUEST for half a position, or for nothing */
export function checkLocation(location: EdgeLocation | null | undefined): void {
  if (!location) return;
  const { latitude, longitude, country } = location;
  if ((latitude === undefined) !== (longitude === undefined)) {
    throw new Fault('INVALID_REQUEST', { says: 'body.location needs latitude and longitude, or neither of them.' });
  }
  if (latitude === undefined && country === undefined) {
    throw new Fault('INVALID_REQUEST', { says: 'body.location needs a position or a country.' });
  }
}
