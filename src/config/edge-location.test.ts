import { expect, test } from 'vitest';
import { parseEdgeLocation } from './edge-location.ts';

test.each([
  ['', undefined],
  ['50.11,8.68', { latitude: 50.11, longitude: 8.68 }],
  [' -33.9 , 151.2 , AU ', { latitude: -33.9, longitude: 151.2, country: 'AU' }],
  ['DE', { country: 'DE' }],
])('%j is a location', (text, location) => {
  expect(parseEdgeLocation(text)).toEqual(location);
});

test.each(['de', 'Germany', '50.11', '50.11,', '91,0', '0,181', '1,2,3', '1e3,0', 'DE,50,8', '50,8,DEU', ','])(
  '%j is none',
  (text) => {
    expect(() => parseEdgeLocation(text)).toThrow(/^FRONTROW_EDGE_LOCATION must be/);
  },
);
