import { defineConfig } from 'vitest/config';

const root = new URL('..', import.meta.url).pathname;

/** One vitest project a ring, so that `npm run vitest -- --project unit` runs just that ring. */
function ring(name: string, include: string[], more: Record<string, unknown> = {}) {
  return { test: { name, root, include, testTimeout: 20_000, hookTimeout: 60_000, ...more } };
}

export default defineConfig({
  test: {
    root,
    projects: [
      ring('unit', ['src/**/*.test.ts', 'player-demo/src/**/*.test.ts', 'test/*.test.ts']),
      ring('contract', ['test/contract/**/*.test.ts']),
      ring('property', ['test/property/**/*.test.ts'], { testTimeout: 60_000 }),
      ring('golden', ['test/golden/**/*.test.ts']),
      ring('conformance', ['test/conformance/**/*.test.ts']),
      ring('scenario', ['test/scenario/**/*.test.ts'], { testTimeout: 60_000 }),
      ring('fault', ['test/fault/**/*.test.ts'], { testTimeout: 120_000 }),
      ring('browser', ['test/browser/**/*.test.ts'], { testTimeout: 180_000, hookTimeout: 180_000 }),
    ],
  },
});
