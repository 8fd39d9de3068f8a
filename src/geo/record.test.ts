import { describe, expect, test } from 'vitest';
import { readLocated, readNetwork } from './record.ts';

describe('readLocated', () => {
  test.each([
    [
      'the objects of MaxMind and DB-IP',
      {
        country: { iso_code: 'DE', names: { en: 'Germany' } },
        subdivisions: [{ iso_code: 'BE' }],
        city: { names: { en: 'Berlin', de: 'Berlin' } },
        location: { latitude: 52.5, longitude: 13.4, time_zone: 'Europe/Berlin' },
      },
      { country: 'DE', region: 'BE', city: 'Berlin', latitude: 52.5, longitude: 13.4, timeZone: 'Europe/Berlin' },
    ],
    [
      'flat text',
      { country_code: 'de', city: 'Berlin', latitude: '52.5', longitude: '13.4', timezone: 'Europe/Berlin' },
      { country: 'DE', city: 'Berlin', latitude: 52.5, longitude: 13.4, timeZone: 'Europe/Berlin' },
    ],
    ['a country alone', { country_code: 'JP' }, { country: 'JP' }],
    ['a name beside the code', { country: 'Japan', country_code: 'JP' }, { country: 'JP' }],
    ['where it is registered, failing all else', { registered_country: { iso_code: 'US' } }, { country: 'US' }],
    ['half a position, which is none', { country_code: 'JP', latitude: 1 }, { country: 'JP' }],
    ['a position beside the earth', { country_code: 'JP', latitude: 91, longitude: 0 }, { country: 'JP' }],
  ])('reads %s', (_, record, place) => {
    expect(readLocated(record)).toEqual(place);
  });

  test.each([[null], ['JP'], [{}], [{ country_code: '' }], [{ country_code: 'A1' }], [{ country: { iso_code: 7 } }]])(
    'finds no country in %o',
    (record) => expect(readLocated(record)).toBeUndefined(),
  );
});

describe('readNetwork', () => {
  test.each([
    [
      { autonomous_system_number: 3320, autonomous_system_organization: 'Deutsche Telekom AG' },
      { asn: 3320, asName: 'Deutsche Telekom AG' },
    ],
    [
      { asn: 'AS15169', as_name: 'Google LLC' },
      { asn: 15_169, asName: 'Google LLC' },
    ],
    [{ asn: 7 }, { asn: 7 }],
    [{ asn: 0 }, undefined],
    [{ asn: 'none' }, undefined],
    [{ asn: '' }, undefined],
    [null, undefined],
  ])('%o', (record, network) => {
    expect(readNetwork(record)).toEqual(network);
  });
});
