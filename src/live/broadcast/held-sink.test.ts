import { expect, test } from 'vitest';
import type { Fragment } from '../../kernel/cmaf/splitter.ts';
import { HeldSink } from './held-sink.ts';

function held() {
  const out: string[] = [];
  const sink = new HeldSink({
    opened: (beganAtMs) => out.push(`opened ${beganAtMs}`),
    init: (rendition) => out.push(`init ${rendition}`),
    fragment: (rendition) => out.push(`fragment ${rendition}`),
    packets: () => out.push('packets'),
    dropped: () => out.push('dropped'),
  });
  sink.beganAtMs = 7;
  return { sink, out };
}

const NO_BYTES = new Uint8Array();
const NO_FRAGMENT = {} as Fragment;

test('media waits for the session before it, and comes in its order then', () => {
  const { sink, out } = held();
  sink.inlet.init('360p', NO_BYTES);
  sink.inlet.fragment('360p', NO_FRAGMENT);
  expect(out).toEqual([]);
  sink.release();
  sink.inlet.init('audio', NO_BYTES);
  expect(out).toEqual(['opened 7', 'init 360p', 'fragment 360p', 'init audio']);
});

test('what an encoder tells of the source waits for nothing', () => {
  const { sink, out } = held();
  sink.inlet.packets([]);
  sink.inlet.dropped(1);
  expect(out).toEqual(['packets', 'dropped']);
});

test('an encoder of which nothing came opens no session', () => {
  const { sink, out } = held();
  sink.release();
  expect(out).toEqual([]);
});
