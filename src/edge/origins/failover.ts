import { SettingsError } from '../../config/settings.ts';

/** The statuses on which the next origin is asked. @throws SettingsError */
export function parseFailoverStatuses(text: string): ReadonlySet<number> {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  if (words.every((word) => /^[45]\d\d$/.test(word))) return new Set(words.map(Number));
  throw new SettingsError('FRONTROW_ORIGIN_FAILOVER_STATUSES must be statuses from 400 to 599, with commas');
}
