import { expect, test } from 'vitest';
import { ChannelActor } from './channel-actor.ts';
import { EdgeLink } from './edge-link.ts';

const options = { streamId: 'ls_a', secret: 's', clock: { now: () => 0, steady: () => 0 }, keys: undefined as never };

/** An edge's connection with so many viewers on it, and whether it was broken off. */
function joined(actor: ChannelActor, id: string | undefined, viewers?: number): { isDropped: () => boolean } {
  let isDropped = false;
  const terminate = () => {
    isDropped = true;
  };
  const link = new EdgeLink({ readyState: 1, OPEN: 1, bufferedAmount: 0, send: () => {}, terminate } as never);
  actor.join(link);
  actor.take(link, { type: 'open', epoch: '', sequence: 0, ...(id === undefined ? {} : { link: id }) });
  if (viewers !== undefined) actor.take(link, { type: 'audience', viewers, reactions: {} });
  return { isDropped: () => isDropped };
}

test('an edge that comes again before it was missed has its viewers counted once, from the first moment on', () => {
  const actor = new ChannelActor(options);
  const lost = joined(actor, 'one', 30);
  const other = joined(actor, 'another', 5);
  joined(actor, 'one');
  expect(actor.viewers).toBe(35);
  expect([lost.isDropped(), other.isDropped()]).toEqual([true, false]);
  joined(actor, 'one', 28);
  expect(actor.viewers).toBe(33);
});

test('edges that do not say who they are are counted each', () => {
  const actor = new ChannelActor(options);
  const first = joined(actor, undefined, 3);
  joined(actor, undefined, 4);
  expect([actor.viewers, first.isDropped()]).toEqual([7, false]);
});
