import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * When a ring runs and how many of its files run at once. Rules need nothing but a processor core, which vitest would keep
 * free of them on a machine with two; servers, encoders and a browser beside one another would measure each other's
 * patience instead of ours.
 */
const together = { sequence: { groupOrder: 0 }, maxWorkers: 2 };
const twoAtOnce = { sequence: { groupOrder: 1 }, maxWorkers: 2, testTimeout: 60_000 };
const oneAtOnce = { sequence: { groupOrder: 2 }, maxWorkers: 1, testTimeout: 120_000 };
const aloneAndLast = { sequence: { groupOrder: 3 }, maxWorkers: 1, testTimeout: 180_000, hookTimeout: 180_000 };

/** One vitest project a ring, so that `npm test -- --project unit` runs just that ring. */
function ring(name: string, include: string[], pace: Record<string, unknown>) {
  return { test: { name, root, include, testTimeout: 20_000, hookTimeout: 60_000, ...pace } };
}

export default defineConfig({
  test: {
    root,
    globalSetup: [`${root}test/harness/s3-setup.ts`],
    projects: [
      ring('unit', ['src/**/*.test.ts', 'player-demo/src/**/*.test.ts', 'test/*.test.ts'], together),
      ring('contract', ['test/contract/**/*.test.ts'], {
        ...together,
        globalSetup: ['test/harness/postgres-for-all.ts'],
      }),
      ring('property', ['test/property/**/*.test.ts'], { ...together, testTimeout: 60_000 }),
      ring('golden', ['test/golden/**/*.test.ts'], together),
      ring('conformance', ['test/conformance/**/*.test.ts'], together),
      ring('scenario', ['test/scenario/**/*.test.ts'], twoAtOnce),
      ring('fault', ['test/fault/**/*.test.ts'], oneAtOnce),
      ring('browser', ['test/browser/**/*.test.ts'], aloneAndLast),
    ],
  },
});
