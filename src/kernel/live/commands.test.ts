import { expect, test } from 'vitest';
import { type LiveCommand, MAX_METADATA_BYTES, parseLiveCommand } from './commands.ts';

const COMMANDS: readonly LiveCommand[] = [
  { kind: 'end', reason: 'requested' },
  { kind: 'expel' },
  { kind: 'yield' },
  { kind: 'metadata', id: 'md_a', data: { score: [1, 2] } },
  { kind: 'metadata', id: 'md_a', data: null },
  { kind: 'chat-delete', messageId: 'm-1' },
  { kind: 'chat-ban', authorId: 'v_1' },
  { kind: 'chat-ban', authorId: 'v_1', seconds: 60 },
  { kind: 'chat-unban', authorId: 'v_1' },
  { kind: 'chat-settings', chat: { isOpen: false, slowSeconds: 30 } },
];

test.each(COMMANDS.map((command) => [JSON.stringify(command), command] as const))(
  '%s is read as it was meant',
  (text, command) => {
    expect(parseLiveCommand(text)).toEqual(command);
  },
);

test.each([
  ['no JSON', '{'],
  ['an array', '[]'],
  ['null', 'null'],
  ['a kind of the prototype', '{"kind":"constructor"}'],
  ['an unknown kind', '{"kind":"explode"}'],
  ['a field too many', '{"kind":"expel","all":true}'],
  ['an unknown reason', '{"kind":"end","reason":"boredom"}'],
  ['metadata without data', '{"kind":"metadata","id":"md_a"}'],
  [
    'metadata beyond the limit',
    JSON.stringify({ kind: 'metadata', id: 'a', data: 'x'.repeat(MAX_METADATA_BYTES - 1) }),
  ],
  ['an id that is a path', '{"kind":"chat-delete","messageId":"../a"}'],
  ['a ban of no time', '{"kind":"chat-ban","authorId":"v","seconds":0}'],
  ['half a second', '{"kind":"chat-settings","chat":{"isOpen":true,"slowSeconds":0.5}}'],
])('%s is no command', (_, text) => {
  expect(parseLiveCommand(text)).toBeUndefined();
});
