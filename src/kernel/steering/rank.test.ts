import { describe, expect, test } from 'vitest';
import type { Place } from '../place.ts';
import { distanceKm } from './distance.ts';
import type { EdgeLocation, FleetEdge } from './fleet.ts';
import { rankEdges } from './rank.ts';

const FRANKFURT = { latitude: 50.1, longitude: 8.7, country: 'DE' };
const PARIS = { latitude: 48.9, longitude: 2.4, country: 'FR' };
const ASHBURN = { latitude: 39, longitude: -77.5, country: 'US' };
const TOKYO = { latitude: 35.7, longitude: 139.7, country: 'JP' };
const TORONTO = { latitude: 43.7, longitude: -79.4, country: 'CA' };

const edge = (id: string, location?: EdgeLocation, more: Partial<FleetEdge> = {}): FleetEdge => ({
  id,
  url: `https://${id}.example`,
  ...(location ? { location } : {}),
  healthy: true,
  draining: false,
  load: 0,
  ...more,
});

const WORLD = [edge('fra', FRANKFURT), edge('par', PARIS), edge('iad', ASHBURN), edge('tyo', TOKYO)];

const order = (edges: readonly FleetEdge[], place?: Place, current?: string) =>
  rankEdges(edges, { place, session: 's', current }).map(({ id }) => id);

describe('how far an edge is', () => {
  test.each<[string, EdgeLocation | undefined, Place | undefined, number | undefined]>([
    ['by both positions', FRANKFURT, { country: 'FR', latitude: 48.9, longitude: 2.4 }, 475],
    ['across the date line', { latitude: 0, longitude: 179 }, { country: 'FJ', latitude: 0, longitude: -179 }, 222],
    ['by the middle of a country', TOKYO, { country: 'DE' }, 9_150],
    ['nothing in its own country, of a viewer without a position', TORONTO, { country: 'CA' }, 0],
    [
      'nothing in its own country, of an edge without one',
      { country: 'DE' },
      { country: 'DE', latitude: 48, longitude: 11 },
      0,
    ],
    ['unknown without its location', undefined, { country: 'DE' }, undefined],
    ['unknown without the viewer’s place', FRANKFURT, undefined, undefined],
    ['unknown in a country that is none', { country: 'ZZ' }, { country: 'DE' }, undefined],
  ])('%s', (_, location, place, km) => {
    const found = distanceKm(location, place);
    if (km === undefined) expect(found).toBeUndefined();
    else expect(Math.abs((found ?? Number.NaN) - km)).toBeLessThanOrEqual(Math.max(1, km * 0.03));
  });
});

describe('the order of edges', () => {
  test.each<[string, Place, string]>([
    ['Germany', { country: 'DE' }, 'fra'],
    ['France', { country: 'FR' }, 'par'],
    ['Korea', { country: 'KR' }, 'tyo'],
    ['Brazil', { country: 'BR' }, 'iad'],
    ['California', { country: 'US', latitude: 37, longitude: -122 }, 'iad'],
  ])('begins near a viewer in %s', (_, place, nearest) => {
    expect(order(WORLD, place)[0]).toBe(nearest);
  });

  test('goes from near to far', () => {
    expect(order(WORLD, { country: 'JP' })).toEqual(['tyo', ...order(WORLD, { country: 'JP' }).slice(1)]);
    expect(order(WORLD, { country: 'CA' })[0]).toBe('iad');
    expect(order([...WORLD, edge('yyz', TORONTO)], { country: 'CA' }).slice(0, 2)).toEqual(['yyz', 'iad']);
  });

  test('puts what is full, draining and down behind, in this order, however near', () => {
    const edges = [
      edge('down', PARIS, { healthy: false }),
      edge('draining', PARIS, { draining: true }),
      edge('full', PARIS, { load: 0.95 }),
      edge('far', TOKYO),
      edge('nowhere'),
    ];
    expect(order(edges, { country: 'FR' })).toEqual(['far', 'nowhere', 'full', 'draining', 'down']);
  });

  test('keeps a session where it is while that is well and near enough', () => {
    const place = { country: 'DE', latitude: 50, longitude: 8.6 };
    expect(order(WORLD, place, 'par')[0]).toBe('par');
    expect(order(WORLD, place, 'tyo')[0]).toBe('fra');
    expect(order(WORLD, place, 'gone')[0]).toBe('fra');
  });

  test('lets a session stay on an edge that has filled up, and leave one that is draining or down', () => {
    const par = (more: Partial<FleetEdge>) =>
      order([edge('fra', FRANKFURT), edge('par', PARIS, more)], { country: 'FR' }, 'par');
    expect(par({ load: 1 })[0]).toBe('par');
    expect(par({ draining: true })[0]).toBe('fra');
    expect(par({ healthy: false })[0]).toBe('fra');
  });
});
