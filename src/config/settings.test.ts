import { describe, expect, test } from 'vitest';
import { environmentName, loadSettings, SETTINGS, type SettingName, SettingsError } from './settings.ts';

describe('settings', () => {
  test('are the defaults when nothing is said, and cannot be changed', () => {
    const settings = loadSettings({});
    for (const name of Object.keys(SETTINGS) as SettingName[]) expect(settings[name]).toBe(SETTINGS[name].default);
    expect(Object.isFrozen(settings)).toBe(true);
  });

  test('come from the environment, and before it from what was given', () => {
    const environment = { FRONTROW_PORT: '9000', FRONTROW_PULL_ALLOW_PRIVATE: 'true', FRONTROW_DATA: '/d', HOME: '/x' };
    expect(loadSettings(environment, { port: 0 })).toMatchObject({ port: 0, pullAllowPrivate: true, data: '/d' });
  });

  test("let the ports of the origin and of the doors be picked when control's is, unless they are named", () => {
    expect(loadSettings({}, { port: 0 }).rtmpPort).toBe(0);
    expect(loadSettings({}).rtmpPort).toBe(1935);
    expect(loadSettings({}, { port: 0 }).originPort).toBe(0);
    expect(loadSettings({ FRONTROW_ORIGIN_PORT: '9070' }, { port: 0 }).originPort).toBe(9070);
    expect(loadSettings({}, { port: 8081 }).originPort).toBe(SETTINGS.originPort.default);
  });

  test('are named in the environment by their words', () => {
    expect(environmentName('edgePort')).toBe('FRONTROW_EDGE_PORT');
    expect(environmentName('data')).toBe('FRONTROW_DATA');
  });

  test.each([
    ['FRONTROW_PORT', '70000', 'FRONTROW_PORT must be a whole number from 0 to 65535'],
    ['FRONTROW_PORT', '80a', 'FRONTROW_PORT must be a whole number'],
    ['FRONTROW_PORT', '', 'FRONTROW_PORT must be a whole number'],
    ['FRONTROW_PORT', '1.5', 'FRONTROW_PORT must be a whole number'],
    ['FRONTROW_LEASE_MS', '10', 'from 500 to 600000 ms'],
    ['FRONTROW_PULL_ALLOW_PRIVATE', 'yes', 'FRONTROW_PULL_ALLOW_PRIVATE must be true or false'],
  ])('%s=%s is refused in the words of the one who set it', (variable, value, message) => {
    expect(() => loadSettings({ [variable]: value })).toThrow(message);
    expect(() => loadSettings({ [variable]: value })).toThrow(SettingsError);
  });

  test('a name that is none gets the nearest one offered', () => {
    expect(() => loadSettings({ FRONTROW_EDGEPORT: '1' })).toThrow('did you mean FRONTROW_EDGE_PORT?');
  });

  test('the variables of the command line are not settings and no mistake', () => {
    expect(() => loadSettings({ FRONTROW_API: 'http://x', FRONTROW_TOKEN: 't' })).not.toThrow();
  });

  test('every default lies within its own bounds', () => {
    for (const setting of Object.values(SETTINGS)) {
      if (setting.kind !== 'integer') continue;
      expect(setting.default).toBeGreaterThanOrEqual(setting.min);
      expect(setting.default).toBeLessThanOrEqual(setting.max);
    }
  });
});
