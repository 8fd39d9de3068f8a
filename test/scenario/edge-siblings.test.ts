import { afterEach, expect, test } from 'vitest';
import { loadSettings } from '../../src/config/settings.ts';
import { Siblings } from '../../src/edge/steering/siblings.ts';
import { ScriptedOrigin } from '../harness/origin.ts';
import { RecordingLog } from '../harness/recording-log.ts';

const TERMS = { intervalMs: 10, timeoutMs: 1_000, threshold: 2 };

let siblings: Siblings;
let other: ScriptedOrigin;
afterEach(async () => {
  siblings.stop();
  await other.stop();
});

async function start(): Promise<RecordingLog> {
  const log = new RecordingLog();
  other = await new ScriptedOrigin().start();
  siblings = new Siblings({ times: loadSettings({}), log, terms: TERMS });
  return log;
}

test('an edge that answered before and does so no more is down, and up again when it answers', async () => {
  await start();
  other.serve('/health', { body: '{"status":"ok"}' });
  siblings.watch([{ id: 'ed_b', url: other.url }]);
  await expect.poll(() => other.count('/health')).toBeGreaterThan(0);
  expect(siblings.isDown('ed_b')).toBe(false);
  other.serve('/health', { status: 503 });
  await expect.poll(() => siblings.isDown('ed_b')).toBe(true);
  other.serve('/health', { body: '{"status":"ok"}' });
  await expect.poll(() => siblings.isDown('ed_b')).toBe(false);
});

test('an edge that is not reached from here at all is left to the word of control', async () => {
  await start();
  other.serve('/health', { status: 503 });
  siblings.watch([{ id: 'ed_b', url: other.url }]);
  await expect.poll(() => other.count('/health')).toBeGreaterThan(4);
  expect(siblings.isDown('ed_b')).toBe(false);
});

test('an edge that is none of the fleet any more is asked no more', async () => {
  await start();
  other.serve('/health', { body: '{"status":"ok"}' });
  siblings.watch([{ id: 'ed_b', url: other.url }]);
  await expect.poll(() => other.count('/health')).toBeGreaterThan(0);
  siblings.watch([]);
  const before = other.count('/health');
  await new Promise((resolve) => setTimeout(resolve, 100)); // ten times as long as until the next question
  expect(other.count('/health')).toBeLessThanOrEqual(before + 1);
  expect(siblings.isDown('ed_b')).toBe(false);
});
