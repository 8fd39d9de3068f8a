import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './harness/longest-first.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * When a ring runs. Two files at once always, which is what vitest would keep from a machine with two cores: rules need
 * nothing but a core, and whoever encodes, waits for a disk or plays a film leaves one free for a part of the time.
 */
const rules = { sequence: { groupOrder: 0 }, maxWorkers: 2 };
const servers = { sequence: { groupOrder: 1 }, maxWorkers: 2, testTimeout: 60_000 };
/** Broadcasts go by the time of their source: whoever waits for one leaves most of a core to others. */
const paced = { ...servers, sequence: { groupOrder: 2 }, maxWorkers: 3 };
const alone = { sequence: { groupOrder: 3 }, maxWorkers: 1, testTimeout: 120_000 };
/** Without encoders of other rings beside them: a browser is patient, and viewers are not. */
const browsers = { sequence: { groupOrder: 4 }, maxWorkers: 2, testTimeout: 180_000, hookTimeout: 180_000 };

/** Has an encoder whose worker is dead, which the start of any worker on the machine would end. */
const ORPHANS = 'test/fault/transcode-kill.test.ts';
const LIVE = ['scenario', 'fault'].map((ring) => `test/${ring}/{live,channel}*.test.ts`);

/** One vitest project a ring, so that `npm test -- --project unit` runs just that ring. */
function ring(name: string, include: string[], pace: Record<string, unknown>) {
  // What is polled for may take its time on a busy machine: only a test that fails takes all of it.
  const expect = { poll: { timeout: 15_000 } };
  return { test: { name, root, include, testTimeout: 20_000, hookTimeout: 60_000, expect, ...pace } };
}

export default defineConfig({
  test: {
    root,
    globalSetup: [`${root}test/harness/s3-setup.ts`],
    sequence: { sequencer: LongestFirst },
    projects: [
      ring('unit', ['src/**/*.test.ts', 'player-demo/src/**/*.test.ts', 'test/*.test.ts'], rules),
      ring('contract', ['test/contract/**/*.test.ts'], {
        ...rules,
        globalSetup: ['test/harness/postgres-for-all.ts'],
      }),
      ring('property', ['test/property/**/*.test.ts'], { ...rules, testTimeout: 60_000 }),
      ring('golden', ['test/golden/**/*.test.ts'], rules),
      ring('conformance', ['test/conformance/**/*.test.ts'], rules),
      ring('scenario', ['test/scenario/**/*.test.ts'], { ...servers, exclude: LIVE }),
      ring('fault', ['test/fault/**/*.test.ts'], { ...servers, testTimeout: 120_000, exclude: [ORPHANS, ...LIVE] }),
      ring('live', LIVE, { ...paced, testTimeout: 120_000 }),
      ring('fault-alone', [ORPHANS], alone),
      ring('browser', ['test/browser/**/*.test.ts'], browsers),
    ],
  },
});
