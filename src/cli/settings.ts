import { loadSettings, SETTINGS, type Settings, SettingsError } from '../config/settings.ts';
import type { Given, Option } from './command.ts';
import { Failure } from './failure.ts';

type Port = 'port' | 'edgePort' | 'originPort';

/** Settings of the environment with the options of `serve` and `edge` before them. @throws Failure SETTINGS_INVALID */
export function settingsOf(given: Partial<Settings>): Settings {
  try {
    return loadSettings(process.env, given);
  } catch (cause) {
    if (cause instanceof SettingsError) throw new Failure('SETTINGS_INVALID', cause.message, { cause });
    throw cause;
  }
}

/** A port option as a setting; nothing when it is not given. @throws Failure USAGE */
export function portSetting(given: Given, option: string, setting: Port): Partial<Settings> {
  const port = given.integer(option, SETTINGS[setting].min, SETTINGS[setting].max);
  return port === undefined ? {} : { [setting]: port };
}

/** A text option as a setting of the same meaning; nothing when it is not given. */
export function textSetting(given: Given, option: string, setting: 'data' | 'host' | 'originUrl' | 'controlUrl') {
  const text = given.text(option);
  return text === undefined ? {} : { [setting]: text };
}

export const HOST_OPTION: Option = { flags: '--host <address>', says: 'address to listen on (default 127.0.0.1)' };
