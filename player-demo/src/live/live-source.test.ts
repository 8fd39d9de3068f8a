import { expect, test } from 'vitest';
import { channelUrlOf } from './live-source.ts';

const STREAM = 'ls_aaaabbbbccccdddd';

test.each([
  [`http://edge:8090/live/${STREAM}/master.m3u8`, `ws://edge:8090/live/${STREAM}/channel`],
  [
    `https://edge/live/${STREAM}/master.m3u8?Policy=a~b-c_&Key-Pair-Id=K1`,
    `wss://edge/live/${STREAM}/channel?Policy=a~b-c_&Key-Pair-Id=K1`,
  ],
  [`https://edge/t/a.b.c/live/${STREAM}/master.m3u8`, `wss://edge/t/a.b.c/live/${STREAM}/channel`],
])('the channel of %s is beside it', (master, channel) => expect(channelUrlOf(master)).toBe(channel));

test.each([
  'https://edge/assets/as_aaaabbbbccccdddd/master.m3u8',
  `https://edge/live/${STREAM}/b1/360p/index.m3u8`,
  'javascript:alert(1)',
  'nonsense',
])('%s has none', (url) => expect(channelUrlOf(url)).toBeUndefined());
