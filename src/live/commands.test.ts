import { beforeEach, expect, test } from 'vitest';
import type { LiveCommand } from '../kernel/live/commands.ts';
import { type DateRange, LONGEST_DATE_RANGE_TEXT } from '../kernel/live/date-range.ts';
import { type CommandParts, carryOut } from './commands.ts';

const ID = 'ls_aaaabbbbccccdddd';

let told: unknown[];
let isOnAir: boolean;
let isLate: boolean;

beforeEach(() => {
  told = [];
  isOnAir = true;
  isLate = false;
});

const note =
  (name: string) =>
  async (...said: unknown[]): Promise<void> =>
    void told.push([name, ...said]);

async function annotate(range: DateRange): Promise<boolean> {
  if (!isLate) told.push(['annotate', range]);
  return !isLate;
}

const parts: CommandParts = {
  desk: {
    end: async (streamId, reason) => {
      if (isOnAir) told.push(['end', streamId, reason]);
      return isOnAir;
    },
    expel: (streamId) => {
      if (isOnAir) told.push(['expel', streamId]);
    },
    yield: note('yield'),
  },
  onAir: { find: () => (isOnAir ? { annotate } : undefined) },
  channels: {
    tellMetadata: note('metadata'),
    deleteMessage: note('delete'),
    ban: note('ban'),
    unban: note('unban'),
    setChat: note('chat'),
  },
  clock: { now: () => 5 },
};

const cases: [LiveCommand, unknown][] = [
  [{ kind: 'end', reason: 'requested' }, ['end', ID, 'requested']],
  [{ kind: 'expel' }, ['expel', ID]],
  [{ kind: 'yield' }, ['yield', ID]],
  [{ kind: 'chat-delete', messageId: 'm' }, ['delete', ID, 'm']],
  [{ kind: 'chat-ban', authorId: 'v', seconds: 60 }, ['ban', ID, 'v', 60]],
  [{ kind: 'chat-unban', authorId: 'v' }, ['unban', ID, 'v']],
  [{ kind: 'chat-settings', chat: { isOpen: false, slowSeconds: 1 } }, ['chat', ID, { isOpen: false, slowSeconds: 1 }]],
];

test.each(cases)('%j reaches whom it is for', async (command, expected) => {
  await carryOut(parts, ID, command);
  expect(told).toEqual([expected]);
});

test('metadata goes by the channel and by the playlists, or by the channel alone where it is long', async () => {
  await carryOut(parts, ID, { kind: 'metadata', id: 'md_1', data: { a: 1 } });
  await carryOut(parts, ID, { kind: 'metadata', id: 'md_2', data: 'x'.repeat(LONGEST_DATE_RANGE_TEXT) });
  expect(told).toEqual([
    ['annotate', { id: 'md_1', class: 'com.frontrow.metadata', startsAtMs: 5, text: '{"a":1}' }],
    ['metadata', ID, 'md_1', { a: 1 }],
    ['metadata', ID, 'md_2', 'x'.repeat(LONGEST_DATE_RANGE_TEXT)],
  ]);
});

test('metadata that comes when the last of a broadcast is being stored is told to nobody', async () => {
  isLate = true;
  const late = carryOut(parts, ID, { kind: 'metadata', id: 'md_1', data: 1 });
  await expect(late).rejects.toMatchObject({ code: 'LIVE_STREAM_IDLE' });
  expect(told).toEqual([]);
});

test('what needs a broadcast is refused while there is none, and who is not there need not be sent away', async () => {
  isOnAir = false;
  for (const command of [
    { kind: 'end', reason: 'requested' },
    { kind: 'metadata', id: 'md_1', data: 1 },
  ] as const)
    await expect(carryOut(parts, ID, command)).rejects.toMatchObject({ code: 'LIVE_STREAM_IDLE' });
  await carryOut(parts, ID, { kind: 'expel' });
  expect(told).toEqual([]);
});
