import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Geo } from '../../src/geo/geo.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { type Entry, writeMmdb } from '../harness/mmdb.ts';
import { RecordingLog } from '../harness/recording-log.ts';

let geo: Geo | undefined;
afterEach(async () => geo?.stop());

describe('the packaged databases', () => {
  test('know countries of both kinds of address', async () => {
    geo = new Geo({ folder: '', log: silentLog });
    await geo.load('places');
    expect(geo.find('81.2.69.142')).toEqual({ country: 'GB' });
    expect(geo.find('::ffff:81.2.69.142')).toEqual({ country: 'GB' });
    expect(geo.find('2a01:e0a::1')).toEqual({ country: 'FR' });
  });

  test('know networks where somebody needs them', async () => {
    geo = new Geo({ folder: '', log: silentLog });
    await Promise.all([geo.load('places'), geo.load('networks')]);
    expect(geo.find('8.8.8.8')).toEqual({ country: 'US', asn: 15_169, asName: 'Google LLC' });
    expect(geo.find('2001:200::1')).toMatchObject({ country: 'JP', asn: 2_500, asName: 'WIDE Project' });
    // A name with a comma stands in quotes.
    expect(geo.find('1.0.0.1')).toMatchObject({ asName: 'Cloudflare, Inc.' });
  });

  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '192.168.1.1',
    '100.64.0.1',
    '::1',
    'fe80::1',
    '2001:db8::1',
    '203.0.113.9',
    'x',
    '',
  ])('do not know where %j is', async (ip) => {
    geo = new Geo({ folder: '', log: silentLog });
    await geo.load('places');
    expect(geo.find(ip)).toBeUndefined();
  });

  test('are not there before somebody needs them', () => {
    geo = new Geo({ folder: '', log: silentLog });
    expect(geo.find('8.8.8.8')).toBeUndefined();
  });
});

describe('the databases of an operator', () => {
  let folder: string;
  let log: RecordingLog;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frontrow-geo-'));
    log = new RecordingLog();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const CITY = {
    country: { iso_code: 'DE' },
    city: { names: { en: 'Berlin' } },
    location: { latitude: 52.5, longitude: 13.4 },
  };

  /** As an operator should: what is half written has no name that counts. */
  async function put(name: string, entries: readonly Entry[]): Promise<void> {
    await writeFile(join(folder, `${name}.new`), writeMmdb(name, entries));
    await rename(join(folder, `${name}.new`), join(folder, name));
  }

  async function open(): Promise<Geo> {
    geo = new Geo({ folder, log, lookMs: 20 });
    await Promise.all([geo.load('places'), geo.load('networks')]);
    return geo;
  }

  test('come before the packaged ones, which tell what they do not', async () => {
    await put('city.mmdb', [['8.8.8.0/24', CITY]]);
    const opened = await open();
    expect(opened.find('8.8.8.8')).toMatchObject({ country: 'DE', city: 'Berlin', latitude: 52.5, asn: 15_169 });
    expect(opened.find('81.2.69.142')).toMatchObject({ country: 'GB' });
  });

  test('never mix where two of them have an address', async () => {
    await put('a-country.mmdb', [['8.8.8.0/24', { country_code: 'FR' }]]);
    await put('b-city.mmdb', [['8.8.8.0/24', CITY]]);
    await put('c-asn.mmdb', [['8.8.8.0/24', { autonomous_system_number: 64_496 }]]);
    expect((await open()).find('8.8.8.8')).toMatchObject({ country: 'DE', city: 'Berlin', asn: 64_496 });
  });

  test('are read again when a file changes, without a restart', async () => {
    await put('city.mmdb', [['8.8.8.0/24', CITY]]);
    const opened = await open();
    expect(opened.find('8.8.8.8')).toMatchObject({ city: 'Berlin' });
    await put('city.mmdb', [['8.8.8.0/24', { ...CITY, city: { names: { en: 'Potsdam' } } }]]);
    await expect.poll(() => opened.find('8.8.8.8')).toMatchObject({ city: 'Potsdam' });
    await rm(join(folder, 'city.mmdb'));
    await expect.poll(() => opened.find('8.8.8.8')).toMatchObject({ country: 'US' });
  });

  test('stay in force while a damaged one has taken their place', async () => {
    await put('city.mmdb', [['8.8.8.0/24', CITY]]);
    const opened = await open();
    await writeFile(join(folder, 'city.mmdb'), writeMmdb('city', [['8.8.8.0/24', CITY]]).subarray(0, 60));
    await log.until('geo database cannot be read');
    expect(opened.find('8.8.8.8')).toMatchObject({ city: 'Berlin' });
  });

  test('are missed in the log, and nowhere else', async () => {
    await rm(folder, { recursive: true });
    const opened = await open();
    await log.until('folder of geo databases cannot be read');
    expect(opened.find('8.8.8.8')).toMatchObject({ country: 'US' });
  });
});
