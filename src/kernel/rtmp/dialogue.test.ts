import { expect, test } from 'vitest';
import { type AmfAnswer, writeAmf } from './amf.ts';
import { type Act, Dialogue } from './dialogue.ts';
import { TYPE } from './message.ts';

const command = (...values: AmfAnswer[]) => message(TYPE.command, writeAmf(values));
const message = (type: number, payload: Uint8Array) => ({ type, streamId: 0, timestampMs: 0, payload });
const CONNECT = command('connect', 1, { app: 'live', tcUrl: 'rtmp://localhost/live' });
const PUBLISH = command('publish', 5, null, 'sk_key?bandwidth=1', 'live');
const MEDIA = message(TYPE.video, Uint8Array.of(0x17));

/** What comes of each message, without what is only sent. */
function outcomes(...messages: readonly ReturnType<typeof message>[]): Act[] {
  const dialogue = new Dialogue();
  return messages.flatMap((each) => dialogue.take(each)).filter(({ kind }) => kind !== 'send');
}

test('an encoder connects, publishes, sends and says goodbye', () => {
  const all = [CONNECT, command('releaseStream', 2, null, 'sk_key'), command('FCPublish', 3, null, 'sk_key')];
  const acts = outcomes(...all, command('createStream', 4, null), PUBLISH, MEDIA, command('FCUnpublish', 6, null, ''));
  expect(acts.map(({ kind }) => kind)).toEqual(['publish', 'media', 'goodbye']);
  expect(acts[0]).toEqual({ kind: 'publish', streamKey: 'sk_key' });
});

test('media before publish is passed over', () => {
  expect(outcomes(CONNECT, MEDIA)).toEqual([]);
});

const ended: [string, ReturnType<typeof message>[]][] = [
  ['publishes before it connects', [PUBLISH]],
  ['connects to another application', [command('connect', 1, { app: 'vod' })]],
  ['connects twice', [CONNECT, CONNECT]],
  ['publishes without a key', [CONNECT, command('publish', 5, null, '', 'live')]],
  ['publishes twice', [CONNECT, PUBLISH, PUBLISH]],
  ['wants to play', [CONNECT, command('play', 5, null, 'sk_key')]],
];

test.each(ended)('whoever %s is hung up on', (_, messages) => {
  expect(outcomes(...messages).at(-1)?.kind).toBe('hang-up');
});

test('a command of a hundred kilobytes is not read', () => {
  expect(() => outcomes(message(TYPE.command, new Uint8Array(100_000)))).toThrow(RangeError);
});
