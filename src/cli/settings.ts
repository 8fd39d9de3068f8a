import { loadSettings, SETTINGS, type Settings } from '../config/settings.ts';
import type { Given, Option } from './command.ts';

type Port = 'port' | 'edgePort' | 'originPort';

/** Settings of the environment with the options of `serve` and `edge` before them. @throws SettingsError */
export function settingsOf(given: Partial<Settings>): Settings {
  return loadSettings(process.env, given);
}

/** A port option as a setting; nothing when it is not given. @throws Failure USAGE */
export function portSetting(given: Given, option: string, setting: Port): Partial<Settings> {
  const port = given.integer(option, SETTINGS[setting].min, SETTINGS[setting].max);
  return port === undefined ? {} : { [setting]: port };
}

/** A text option as a setting of the same meaning; nothing when it is not given. */
export function textSetting(given: Given, option: string, setting: 'data' | 'host' | 'controlUrl') {
  const text = given.text(option);
  return text === undefined ? {} : { [setting]: text };
}

/** An option that repeats as a setting with commas; nothing when it is not given. */
export function listSetting(given: Given, option: string, setting: 'originUrl' | 'edgeParents'): Partial<Settings> {
  const texts = given.texts(option);
  return texts.length === 0 ? {} : { [setting]: texts.join(',') };
}

export const WORKERS_OPTION: Option = {
  flags: '--workers <n>',
  says: 'processes that serve the port together (default 1)',
};

/** `--workers` as a setting; nothing when it is not given. @throws Failure USAGE */
export function workersSetting(given: Given): Partial<Settings> {
  const count = given.integer('workers', SETTINGS.edgeWorkers.min, SETTINGS.edgeWorkers.max);
  return count === undefined ? {} : { edgeWorkers: count };
}

export const HOST_OPTION: Option = { flags: '--host <address>', says: 'address to listen on (default 127.0.0.1)' };
