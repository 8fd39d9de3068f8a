import { expect, test } from 'vitest';
import { Fault } from '../../kernel/errors.ts';
import { silentLog } from '../../kernel/log.ts';
import { Channels } from './channels.ts';

test('those for whom a proxy stands count together with nobody', () => {
  const limits = { maxViewers: 3, maxPerAddress: 1 };
  const channels = new Channels({ ...limits, urls: [], fields: () => [], clock: { now: () => 0 }, log: silentLog });
  const leave = [1, 2, 3].map(() => channels.reserve(undefined));
  expect(() => channels.reserve(undefined)).toThrow(new Fault('CHANNEL_FULL'));
  for (const each of leave) each();
  expect(channels.counts.viewers).toBe(0);
});

test('a household with many IPv6 addresses is one, and others are not', () => {
  const limits = { maxViewers: 10, maxPerAddress: 2 };
  const channels = new Channels({ ...limits, urls: [], fields: () => [], clock: { now: () => 0 }, log: silentLog });
  const giveBack = channels.reserve('2001:db8:0:1::1');
  channels.reserve('2001:db8:0:1:ffff::2');
  expect(() => channels.reserve('2001:db8:0:1::3')).toThrow(new Fault('CHANNEL_CROWDED'));
  channels.reserve('2001:db8:0:2::3');
  giveBack();
  channels.reserve('2001:db8:0:1::3');
});
