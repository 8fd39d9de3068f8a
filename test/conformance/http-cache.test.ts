import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { EdgeScenario } from '../harness/edge-scenario.ts';
import { type Kind, type Outcome, openSuiteOrigin, runAgain, runSuite } from '../harness/http-cache-suite.ts';
import { LEDGER } from './http-cache-ledger.ts';

/**
 * The edge as `frontrow edge --origin URL` runs it, with its default settings but one, between the suite's client and origin.
 * That origin breaks off answers on purpose and a hundred tests run at once: now and then five of these fall together, the
 * circuit opens as it should, and all other tests would be told of that.
 */
const NEVER_OPENS = { originBreakerFailures: 0 };
let outcomes: Outcome[] = [];
/** Of the tests about wishes of viewers, where the operator lets them count. */
let wishes: Outcome[] = [];
beforeAll(async () => {
  const origin = await openSuiteOrigin();
  const ofEdge = async (settings: Partial<Settings>, run: (url: string) => Promise<Outcome[]>) => {
    const s = await new EdgeScenario({
      clock: systemClock,
      originUrl: origin.url,
      settings: { ...NEVER_OPENS, ...settings },
    }).start();
    return run(s.url).finally(() => s.stop());
  };
  outcomes = await ofEdge({}, runSuite);
  wishes = await ofEdge({ honourRequestDirectives: true }, (url) => runAgain(url, (id) => id.startsWith('ccreq-')));
  origin.server.close();
}, 180_000);

const listed = LEDGER.flatMap(({ tests }) => tests);
const count = (kind: Kind) => {
  const asked = outcomes.filter((outcome) => outcome.kind === kind);
  return `${asked.filter(({ failure }) => failure === undefined).length} of ${asked.length}`;
};

test('nothing fails that the ledger does not list', () => {
  const unlisted = outcomes.filter(({ id, failure }) => failure !== undefined && !listed.includes(id));
  expect(unlisted.map(({ kind, id, failure }) => `${kind} ${id}: ${failure}`)).toEqual([]);
});

test('nothing that the ledger lists passes, or is listed twice, or is no test', () => {
  const failed = outcomes.filter(({ failure }) => failure !== undefined).map(({ id }) => id);
  expect([...listed].sort().filter((id) => !failed.includes(id))).toEqual([]);
  expect(new Set(listed).size).toBe(listed.length);
});

test('docs/cache.md states the counts', () => {
  const stated = readFileSync(new URL('../../docs/cache.md', import.meta.url), 'utf8');
  for (const kind of ['required', 'optimal', 'check'] as const)
    expect(stated).toContain(`| \`${kind}\` | ${count(kind)} |`);
});

test('every wish of a viewer is fulfilled where the operator lets it count', () => {
  expect(wishes.filter(({ failure }) => failure !== undefined)).toEqual([]);
  expect(wishes.length).toBe(12);
});
