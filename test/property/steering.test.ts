import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FleetEdge } from '../../src/kernel/steering/fleet.ts';
import { steeringManifest } from '../../src/kernel/steering/manifest.ts';
import { rankEdges } from '../../src/kernel/steering/rank.ts';

const location = fc.record(
  {
    latitude: fc.double({ min: -90, max: 90, noNaN: true }),
    longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    country: fc.constantFrom('DE', 'FR', 'US', 'JP', 'ZZ'),
  },
  { requiredKeys: [] },
);
const edge: fc.Arbitrary<FleetEdge> = fc.record(
  {
    id: fc.stringMatching(/^[\w.-]{1,12}$/),
    url: fc.constantFrom('https://a.example', 'https://b.example', 'https://c.example:444', 'http://d.example'),
    location,
    healthy: fc.boolean(),
    draining: fc.boolean(),
    load: fc.double({ min: 0, max: 2, noNaN: true }),
  },
  { requiredKeys: ['id', 'url', 'healthy', 'draining', 'load'] },
);
const fleet = fc.uniqueArray(edge, { selector: ({ id }) => id, maxLength: 12 });
const place = fc.option(fc.record({ country: fc.constantFrom('DE', 'US', 'BR', 'ZZ') }), { nil: undefined });
const session = fc.string({ minLength: 1, maxLength: 20 });
const ids = (edges: readonly FleetEdge[]) => edges.map(({ id }) => id);

test('an order has every edge once, and does not depend on how they were listed', () => {
  fc.assert(
    fc.property(fleet, place, session, (edges, at, name) => {
      const order = ids(rankEdges(edges, { place: at, session: name }));
      expect(order.toSorted()).toEqual(ids(edges).toSorted());
      expect(ids(rankEdges(edges.toReversed(), { place: at, session: name }))).toEqual(order);
    }),
  );
});

test('no edge that is down or draining comes before one that is neither', () => {
  fc.assert(
    fc.property(fleet, place, session, fc.nat(), (edges, at, name, pick) => {
      const order = rankEdges(edges, { place: at, session: name, current: edges[pick % (edges.length || 1)]?.id });
      const well = order.map(({ healthy, draining }) => healthy && !draining);
      expect(well).toEqual(well.toSorted((one, other) => Number(other) - Number(one)));
    }),
  );
});

test('the loss of one of equally near edges moves its own sessions alone', () => {
  fc.assert(
    fc.property(fleet, session, fc.nat(), (edges, name, pick) => {
      const near = edges.map(({ location: _, ...each }) => each);
      const lost = near[pick % (near.length || 1)]?.id;
      const order = ids(rankEdges(near, { session: name }));
      const after = ids(
        rankEdges(
          near.filter(({ id }) => id !== lost),
          { session: name },
        ),
      );
      expect(after).toEqual(order.filter((id) => id !== lost));
    }),
  );
});

test('a session asked again and again with the edge it was given stays there', () => {
  fc.assert(
    fc.property(fleet, place, session, (edges, at, name) => {
      const [first] = rankEdges(edges, { place: at, session: name });
      expect(rankEdges(edges, { place: at, session: name, current: first?.id })[0]).toEqual(first);
    }),
  );
});

test('sessions are spread by the room that edges have', () => {
  const busy = (id: string, load: number): FleetEdge => ({
    id,
    url: `https://${id}`,
    healthy: true,
    draining: false,
    load,
  });
  const edges = [busy('idle', 0), busy('half', 0.5), busy('busy', 0.75)];
  const firsts = Array.from({ length: 7_000 }, (_, at) => rankEdges(edges, { session: `session ${at}` })[0]?.id);
  const counts = Object.fromEntries(edges.map(({ id }) => [id, firsts.filter((first) => first === id).length]));
  expect(counts.idle).toBeGreaterThan(3_800);
  expect(counts.idle).toBeLessThan(4_200);
  expect(counts.busy).toBeGreaterThan(850);
  expect(counts.busy).toBeLessThan(1_150);
});

test('whatever a steering manifest names is there: an order of pathways that are the base or a clone of it', () => {
  fc.assert(
    fc.property(fleet, place, fc.stringMatching(/^[\w-]{1,20}$/), fc.nat(), (edges, at, name, pick) => {
      const base = edges[pick % (edges.length || 1)]?.id ?? 'gone';
      const manifest = steeringManifest(edges, { place: at, session: name, base });
      expect(manifest === undefined).toBe(edges.length === 0);
      if (!manifest) return;
      const clones = (manifest['PATHWAY-CLONES'] ?? []).map(({ ID }) => ID);
      const pathways = manifest['PATHWAY-PRIORITY'];
      expect(pathways.length).toBeGreaterThan(0);
      expect(pathways.filter((id) => id !== base)).toEqual(clones);
      expect(new Set(pathways).size).toBe(pathways.length);
      expect(manifest.TTL).toBeGreaterThanOrEqual(10);
      expect(URL.canParse(manifest['RELOAD-URI'])).toBe(true);
    }),
  );
});
