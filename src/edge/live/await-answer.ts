import type { Fill } from '../cache/fill.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import { newsOf } from '../phases/news.ts';
import { isLiveList, type LiveAsk, partyOf } from './live-ask.ts';

/**
 * Waits for an answer about a broadcast: for its head, or for all of a playlist, which then goes out to everybody in one
 * piece. Without a clock of the viewer's own: the request upstream has one, and its end is everybody's.
 */
export async function awaitAnswer(x: Exchange, live: LiveAsk, fill: Fill, parts: EdgeParts): Promise<Step> {
  const { waiters } = parts.live;
  const party = partyOf(x, live, parts.trusts);
  const isList = isLiveList(live);
  waiters.enter(party);
  while (isMissing(fill, isList) && !x.gone) await newsOf(fill, x);
  waiters.leave(party);
  return 'admit';
}

/** What is not kept is read as it comes, or it would not come. */
function isMissing(fill: Fill, isList: boolean): boolean {
  return fill.state === 'asking' || (isList && fill.state === 'flowing' && fill.kept);
}
