import type { Place } from '../place.ts';
import { centreOf, type Position } from './country-centres.ts';
import type { EdgeLocation } from './fleet.ts';

const EARTH_RADIUS_KM = 6_371;

/** Along the surface. */
function greatCircleKm(one: Position, other: Position): number {
  const [from, to] = [radians(one.latitude), radians(other.latitude)];
  const north = Math.sin((to - from) / 2) ** 2;
  const east = Math.sin(radians(other.longitude - one.longitude) / 2) ** 2;
  const share = Math.min(1, north + Math.cos(from) * Math.cos(to) * east);
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(share));
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}

/**
 * How far an edge is from a viewer; undefined where nobody knows. Where one of the two is known by country alone, the same
 * country is near: its middle says less than that.
 */
export function distanceKm(location: EdgeLocation | undefined, place: Place | undefined): number | undefined {
  if (!location || !place) return undefined;
  const edge = exactly(location);
  const viewer = exactly(place);
  if ((!edge || !viewer) && location.country === place.country) return 0;
  const from = edge ?? (location.country === undefined ? undefined : centreOf(location.country));
  const to = viewer ?? centreOf(place.country);
  return from && to && greatCircleKm(from, to);
}

function exactly({ latitude, longitude }: EdgeLocation): Position | undefined {
  return latitude === undefined || longitude === undefined ? undefined : { latitude, longitude };
}
