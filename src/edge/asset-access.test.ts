import { expect, test } from 'vitest';
import { silentLog } from '../kernel/log.ts';
import { AssetAccess } from './asset-access.ts';
import type { UpstreamText } from './upstream.ts';

const STREAM = 'ls_aaaabbbbccccdddd';
const PUBLIC = { head: { status: 200, fields: [] }, text: '{"policy":"public"}' } as UpstreamText;

test('viewers wait for an origin that is slow once, and not each of them for every file', async () => {
  let nowMs = 0;
  let isSlow = false;
  const origin = { text: async () => (isSlow ? new Promise<UpstreamText>(() => {}) : PUBLIC) };
  const access = new AssetAccess(origin, { fields: () => [] }, { now: () => nowMs }, silentLog);
  expect(await access.find(STREAM)).toBe('public');
  isSlow = true;
  nowMs = 1_500;
  expect(access.find(STREAM)).toBe('public');
  nowMs = 2_400;
  expect(access.find(STREAM)).toBeInstanceOf(Promise);
  // By now it has had the time that it is given.
  nowMs = 2_500;
  expect(access.find(STREAM)).toBe('public');
});
