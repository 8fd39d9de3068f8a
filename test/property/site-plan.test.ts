import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { draftOf, idsIn, type Present, planSite, type Step } from '../../src/cli/apply/plan.ts';
import { parseSiteFile, SECTION_NAMES, SECTIONS, type SiteFile } from '../../src/cli/apply/site-file.ts';

// `frontrow apply` against a server that does at once what it is told.

const EMPTY = Object.fromEntries(SECTION_NAMES.map((section) => [section, []])) as unknown as Present;

const name = fc.constantFrom('a', 'b', 'c', 'd');
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const comment = optional(fc.string({ maxLength: 10 }));

function named<Value>(value: fc.Arbitrary<Value>) {
  return fc.dictionary(name, value, { maxKeys: 4 });
}

const keyGroups = named(
  fc.record({ comment, items: fc.array(fc.constantFrom('K1', 'K2'), { minLength: 1, maxLength: 2 }) }),
);
const cachePolicies = named(
  fc.record({ comment, defaultTTL: optional(fc.nat(100)), maxTTL: optional(fc.integer({ min: 100, max: 1_000 })) }),
);

/** A site whose behaviours name what is in it. */
const site = fc.record({ keyGroups, cachePolicies }).chain((documents) => {
  const policies = Object.keys(documents.cachePolicies);
  const groups = Object.keys(documents.keyGroups);
  const behavior = fc.record({
    targetOriginId: fc.constant('o'),
    compress: optional(fc.boolean()),
    cachePolicyId: policies.length === 0 ? fc.constant(undefined) : optional(fc.constantFrom(...policies)),
    trustedKeyGroups: fc.subarray(groups),
  });
  const pathBehavior = fc.tuple(fc.constantFrom('/a/*', '/b/*'), behavior);
  const distribution = fc.record({
    comment,
    origins: fc.constant([{ id: 'o', domainName: 'o.example' }]),
    defaultCacheBehavior: behavior,
    cacheBehaviors: fc
      .array(pathBehavior, { maxLength: 2 })
      .map((all) => all.map(([pathPattern, each]) => ({ pathPattern, ...each }))),
    tags: optional(fc.dictionary(fc.constantFrom('team', 'cost'), fc.constantFrom('x', 'y'))),
  });
  return named(distribution).map((distributions) => ({ site: 'shop', ...documents, distributions }));
});

const read = (document: object): SiteFile =>
  parseSiteFile(stringify(JSON.parse(JSON.stringify(document))), 'site.yaml');

/** What the server has after the steps. */
function carryOut(steps: readonly Step[], file: SiteFile, before: Present): Present {
  const present = { ...before };
  for (const step of steps) {
    const others = present[step.section].filter((each) => !('present' in step) || each.id !== step.present.id);
    if (step.action !== 'delete') {
      const id = step.action === 'change' ? step.present.id : `${step.section}-${step.name}`;
      const config = SECTIONS[step.section].fill(draftOf(step.wanted, file, idsIn(present)));
      others.push({ id, type: 'custom', etag: '"1"', config: JSON.parse(JSON.stringify(config)) });
    }
    present[step.section] = others;
  }
  return present;
}

test('what was just applied leaves nothing to do', () => {
  fc.assert(
    fc.property(site, (wanted) => {
      const file = read(wanted);
      const present = carryOut(planSite(file, EMPTY), file, EMPTY);
      expect(planSite(file, present, { prune: true })).toEqual([]);
    }),
  );
});

test('from any site to any other there is a plan, after which nothing is to do and nothing of the first is left', () => {
  fc.assert(
    fc.property(site, site, (first, second) => {
      const [before, after] = [read(first), read(second)];
      const present = carryOut(planSite(before, EMPTY), before, EMPTY);
      const changed = carryOut(planSite(after, present, { prune: true }), after, present);
      expect(planSite(after, changed, { prune: true })).toEqual([]);
      const count = (all: Present) => SECTION_NAMES.reduce((sum, section) => sum + all[section].length, 0);
      expect(count(changed)).toBe(after.documents.length);
    }),
  );
});

test('another site is not touched', () => {
  fc.assert(
    fc.property(site, (wanted) => {
      const file = read(wanted);
      const present = carryOut(planSite(file, EMPTY), file, EMPTY);
      expect(planSite(read({ site: 'other' }), present, { prune: true })).toEqual([]);
    }),
  );
});
