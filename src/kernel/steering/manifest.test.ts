import { describe, expect, test } from 'vitest';
import type { FleetEdge } from './fleet.ts';
import { steeringManifest } from './manifest.ts';

const edge = (id: string, url: string, more: Partial<FleetEdge> = {}): FleetEdge => ({
  id,
  url,
  healthy: true,
  draining: false,
  load: 0,
  ...more,
});

const A = edge('a', 'https://a.example');
const B = edge('b', 'https://b.example');
const of = (edges: readonly FleetEdge[], more: { base?: string; current?: string } = {}) =>
  steeringManifest(edges, { base: 'a', session: 's1', ...more });

describe('a steering manifest', () => {
  test('names the other edges as clones of the one that the playlist came from', () => {
    expect(of([A, B])).toEqual({
      VERSION: 1,
      TTL: 20,
      'RELOAD-URI': 'https://b.example/steering/s1?base=a',
      'PATHWAY-PRIORITY': ['a', 'b'],
      'PATHWAY-CLONES': [{ 'BASE-ID': 'a', ID: 'b', 'URI-REPLACEMENT': { HOST: 'b.example' } }],
    });
  });

  test('has another edge than the one in use tell how things stand', () => {
    expect(of([A, B], { current: 'b' })?.['RELOAD-URI']).toBe('https://a.example/steering/s1?base=a');
    expect(of([A])?.['RELOAD-URI']).toBe('https://a.example/steering/s1?base=a');
  });

  test.each<[string, Partial<FleetEdge>]>([
    ['draining', { draining: true }],
    ['down', { healthy: false }],
  ])('leads away from an edge that is %s, and is asked for again soon', (_, more) => {
    const told = of([{ ...A, ...more }, B]);
    expect(told?.['PATHWAY-PRIORITY']).toEqual(['b', 'a']);
    expect(told).toMatchObject({ TTL: 10, 'RELOAD-URI': 'https://b.example/steering/s1?base=a' });
  });

  test('goes on when the edge that the playlist came from is no longer one of them', () => {
    expect(of([B], { current: 'b' })).toMatchObject({
      'PATHWAY-PRIORITY': ['b'],
      'PATHWAY-CLONES': [{ 'BASE-ID': 'a', ID: 'b' }],
    });
  });

  test('leaves out edges that a change of host alone does not reach', () => {
    const others = [
      edge('tls', 'http://c.example'),
      edge('port', 'https://d.example:8443'),
      edge('twin', 'https://a.example'),
    ];
    expect(of([A, B, ...others])?.['PATHWAY-PRIORITY'].toSorted()).toEqual(['a', 'b']);
  });

  test('names eight at most', () => {
    const many = Array.from({ length: 30 }, (_, at) => edge(`e${at}`, `https://e${at}.example`));
    expect(of([A, ...many])?.['PATHWAY-PRIORITY']).toHaveLength(8);
    expect(of([A, ...many])?.['PATHWAY-CLONES']).toHaveLength(7);
  });

  test('cannot be made of no edges', () => {
    expect(of([])).toBeUndefined();
  });
});
