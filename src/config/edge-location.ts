import { type EdgeLocation, isLocation } from '../kernel/steering/fleet.ts';
import { SettingsError } from './settings.ts';

const DEGREES = /^-?\d{1,3}(?:\.\d+)?$/;
const COUNTRY = /^[A-Z]{2}$/;

/** `50.11,8.68`, `DE` or `50.11,8.68,DE`; undefined for nothing. @throws SettingsError for anything else */
export function parseEdgeLocation(text: string): EdgeLocation | undefined {
  if (text.trim() === '') return undefined;
  const parts = text.split(',').map((part) => part.trim());
  const country = COUNTRY.test(parts.at(-1) ?? '') ? parts.pop() : undefined;
  const isPosition = parts.length === 2 && parts.every((part) => DEGREES.test(part));
  const [latitude, longitude] = parts.map(Number);
  const location = { ...(isPosition ? { latitude, longitude } : {}), ...(country === undefined ? {} : { country }) };
  if (isLocation(location) && (isPosition || (parts.length === 0 && country !== undefined))) return location;
  throw new SettingsError(
    'FRONTROW_EDGE_LOCATION must be latitude and longitude, a country, or all three: 50.11,8.68,DE',
  );
}
