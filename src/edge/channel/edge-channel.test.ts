import { expect, test } from 'vitest';
import { silentLog } from '../../kernel/log.ts';
import { EdgeChannel } from './edge-channel.ts';

const OPTIONS = {
  ...{ streamId: 'ls_a', urls: [], path: '/live/ls_a/channel', fields: () => [], log: silentLog },
  clock: { now: () => 0, steady: () => 0 },
  ...{ onLeft: () => {}, onUnknown: () => {} },
};

/** The first word of a connection, with so many events to come. */
const stateOf = (sequence: number) =>
  ({ type: 'state-of', epoch: 'e', sequence, replayFrom: 1 }) as unknown as Parameters<EdgeChannel['opened']>[0];

function tell(channel: EdgeChannel, event: { readonly sequence: number } & Readonly<Record<string, unknown>>): void {
  channel.event(JSON.stringify(event), event, event.sequence);
}

test('a chat message that was deleted while a line that was just made was broken keeps no words', () => {
  const channel = new EdgeChannel(OPTIONS);
  channel.opened(stateOf(2));
  tell(channel, { type: 'chat', id: 'm_1', text: 'too much', sequence: 1 });
  channel.lost();
  channel.opened(stateOf(3));
  tell(channel, { type: 'chat', id: 'm_2', text: 'fine', sequence: 2 });
  tell(channel, { type: 'chat-deleted', ids: ['m_1'], sequence: 3 });
  expect([channel.events.hasWords('m_1'), channel.events.hasWords('m_2')]).toEqual([false, true]);
});
