import { expect, test } from 'vitest';
import type { FrameHeader } from '../../kernel/live/channel-frame.ts';
import { EdgeLink } from './edge-link.ts';

test('an edge that is behind is left out of parts, and gets the init without which those that follow are of no use', () => {
  const sent: unknown[] = [];
  const socket = {
    readyState: 1,
    OPEN: 1,
    bufferedAmount: 9 * 1_024 * 1_024,
    send: (each: unknown) => sent.push(each),
  };
  const link = new EdgeLink(socket as never);
  const frame = (kind: FrameHeader['kind']) => ({ header: { kind } as FrameHeader, bytes: Buffer.from(kind) });
  link.sendMedia(frame('part'));
  link.sendMedia(frame('init'));
  expect(sent).toEqual([frame('init').bytes]);
});
