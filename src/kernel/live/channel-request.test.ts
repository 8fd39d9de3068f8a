import { expect, test } from 'vitest';
import { USUAL_EVENTS } from './channel.ts';
import { parseChannelRequest } from './channel-request.ts';

const read = (value: unknown) => parseChannelRequest(JSON.stringify(value));

test('each message that the protocol has is read as what it asks for', () => {
  expect(read({ type: 'subscribe', events: true, video: 'auto', audio: 'audio', ref: '1' })).toEqual({
    ...{ type: 'subscribe', events: USUAL_EVENTS, video: 'auto', audio: 'audio', ref: '1' },
  });
  expect(read({ type: 'subscribe', events: ['part'] })).toEqual({ type: 'subscribe', events: ['part'] });
  expect(read({ type: 'subscribe', observe: true })).toEqual({ type: 'subscribe', observe: true });
  expect(read({ type: 'unsubscribe', video: true })).toEqual({ type: 'unsubscribe', video: true });
  expect(read({ type: 'resume', epoch: 'e', sequence: 0 })).toEqual({ type: 'resume', epoch: 'e', sequence: 0 });
  expect(read({ type: 'reaction', reaction: '🔥' })).toEqual({ type: 'reaction', reaction: '🔥' });
  expect(read({ type: 'authorize', token: 'a.b.c' })).toEqual({ type: 'authorize', token: 'a.b.c' });
  expect(read({ type: 'broadcaster', streamKey: 'k' })).toEqual({ type: 'broadcaster', streamKey: 'k' });
  expect(read({ type: 'ping' })).toEqual({ type: 'ping' });
});

test('everything without a request for parts and segments leaves them out', () => {
  expect(USUAL_EVENTS).toContain('chat');
  expect(USUAL_EVENTS).not.toContain('part');
  expect(USUAL_EVENTS).not.toContain('segment');
});

test.each([
  ['no JSON', '{'],
  ['an array', '[]'],
  ['null', 'null'],
  ['no type', '{}'],
  ['a type of the prototype', '{"type":"constructor"}'],
  ['an unknown type', '{"type":"shout"}'],
  ['a field that the message does not have', '{"type":"ping","text":"x"}'],
  ['a ref that is too long', `{"type":"ping","ref":"${'r'.repeat(33)}"}`],
  ['an observer by half', '{"type":"subscribe","observe":1}'],
  ['an unknown event', '{"type":"subscribe","events":["secrets"]}'],
  ['a rendition that is a path', '{"type":"subscribe","video":"../360p"}'],
  ['a negative sequence', '{"type":"resume","epoch":"e","sequence":-1}'],
  ['chat without a name', '{"type":"chat","text":"x"}'],
  ['chat of nothing but spaces', '{"type":"chat","name":"n","text":"  \\u200b "}'],
  ['chat of joiners and marks alone', '{"type":"chat","name":"n","text":"\\u200d\\ufe0f\\u0301"}'],
  ['a name that nobody sees', '{"type":"chat","name":"\\u3164","text":"x"}'],
  ['chat that is too long', `{"type":"chat","name":"n","text":"${'x'.repeat(501)}"}`],
  ['half of a character', '{"type":"chat","name":"n","text":"\\ud83d"}'],
  ['a reaction of its own', '{"type":"reaction","reaction":"💩"}'],
])('%s is no message', (_, text) => {
  expect(parseChannelRequest(text)).toBeUndefined();
});

test('chat stays on its line, whatever is in it', () => {
  const text = 'a\n\n\nb\u202ec \u2066d\u0007 e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301';
  expect(read({ type: 'chat', text, name: 'Zoë\t' })).toEqual({
    type: 'chat',
    text: 'a b c d e\u0301\u0301\u0301\u0301',
    name: 'Zoë',
  });
});
