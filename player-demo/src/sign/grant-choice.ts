import type { GrantRequest } from '../api/shapes.ts';
import type { CarrierName } from '../player/carrier-names.ts';

/** What the signing form holds. Local times are as `<input type="datetime-local">` gives them. */
export interface GrantChoice {
  readonly assetId: string;
  readonly carrier: CarrierName;
  readonly expiresInSeconds: number;
  readonly startsAtLocal: string;
  readonly ip: string;
}

export const EXPIRY_CHOICES: readonly { readonly seconds: number; readonly label: string }[] = [
  { seconds: 900, label: '15 minutes' },
  { seconds: 3_600, label: '1 hour' },
  { seconds: 21_600, label: '6 hours' },
  { seconds: 86_400, label: '1 day' },
  { seconds: 604_800, label: '7 days' },
];

/** The request for the API. An empty start means now, an empty IP means anywhere. */
export function writeGrantRequest(choice: GrantChoice): GrantRequest {
  const ip = choice.ip.trim();
  const startsAtMs = readStart(choice);
  return {
    assetId: choice.assetId,
    expiresInSeconds: choice.expiresInSeconds,
    ...(startsAtMs === undefined ? {} : { startsAt: new Date(startsAtMs).toISOString() }),
    ...(ip ? { ip } : {}),
  };
}

export function readStart(choice: GrantChoice): number | undefined {
  const startsAtMs = Date.parse(choice.startsAtLocal);
  return Number.isNaN(startsAtMs) ? undefined : startsAtMs;
}

/** A sentence on what is wrong with the choice; undefined when it may be sent. */
export function refuseChoice(choice: GrantChoice, nowMs: number): string | undefined {
  const ip = choice.ip.trim();
  if (ip && !/^[0-9a-f.:]+(\/\d{1,3})?$/i.test(ip))
    return 'The address must be an IP or a range such as 203.0.113.0/24.';
  const startsAtMs = readStart(choice);
  if (startsAtMs !== undefined && startsAtMs >= nowMs + choice.expiresInSeconds * 1000) {
    return 'The grant would end before it starts: choose a later end.';
  }
  return undefined;
}
