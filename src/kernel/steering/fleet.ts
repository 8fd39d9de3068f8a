/** An edge as one among others: what choosing between them takes. */
export interface FleetEdge {
  /** Its name among them: letters, digits, `.`, `-` and `_`. */
  readonly id: string;
  /** Where viewers reach it, without a slash at the end. */
  readonly url: string;
  /** Undefined where nobody said. */
  readonly location?: EdgeLocation;
  /** It answers, as far as is known. */
  readonly healthy: boolean;
  /** It is about to be taken away: nobody new, and whoever is there should leave. */
  readonly draining: boolean;
  /** Of what it can do, as a share; 1 is all of it. */
  readonly load: number;
}

/** A position, a country, or both. */
export interface EdgeLocation {
  /** Degrees, north and east positive. Both or none. */
  readonly latitude?: number;
  readonly longitude?: number;
  /** ISO 3166-1 alpha-2 in capitals. */
  readonly country?: string;
}

/** An origin in small letters: with nothing in it that ends a header, a redirect's host or a directive of a policy. */
const EDGE_URL = /^https?:\/\/(?:[a-z0-9](?:[a-z0-9._-]{0,252})|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/;

/** Whether viewers can be sent there. Edges say it of themselves, so it may be anything. */
export function isEdgeUrl(url: string): boolean {
  return EDGE_URL.test(url) && URL.canParse(url);
}

export function isLocation(value: unknown): value is EdgeLocation {
  if (typeof value !== 'object' || value === null) return false;
  const { latitude, longitude, country } = value as Readonly<Record<string, unknown>>;
  const within = (degrees: unknown, most: number) => typeof degrees === 'number' && Math.abs(degrees) <= most;
  const hasNone = latitude === undefined && longitude === undefined;
  if (!hasNone && !(within(latitude, 90) && within(longitude, 180))) return false;
  return country === undefined || (typeof country === 'string' && /^[A-Z]{2}$/.test(country));
}
