/** Where an address is, as far as a database knows. Nearly always right about the country, often wrong about the city. */
export interface Place {
  /** ISO 3166-1 alpha-2 in capitals. */
  readonly country: string;
  /** The subdivision's part of its ISO 3166-2 code, such as `CA`. */
  readonly region?: string;
  readonly city?: string;
  /** Degrees, north and east positive. Both or none. */
  readonly latitude?: number;
  readonly longitude?: number;
  /** IANA name. */
  readonly timeZone?: string;
  /** The autonomous system that announces the address. */
  readonly asn?: number;
  readonly asName?: string;
}
