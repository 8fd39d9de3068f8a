import { Fault } from '../../kernel/errors.ts';
import type { Fill } from '../cache/fill.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Step } from '../exchange.ts';
import { awaitAnswer } from '../live/await-answer.ts';
import { partyOf } from '../live/live-ask.ts';
import type { EdgeParts } from '../parts.ts';
import { passOnInterims } from './interim.ts';
import { goAlone } from './lookup.ts';
import { newsOf } from './news.ts';

/** A second fill is tried when the first fails; a third would only lengthen the wait. */
const MAX_JOINS = 2;

/** Leads the fill for a key, follows the one under way, or goes alone. */
export function join(parts: EdgeParts): Phase {
  const { fills, settings, live, trusts } = parts;
  return (x) => {
    // Of use for the lookup behind the reading alone: a later one asks what stands by then.
    x.brought = undefined;
    if (fills.isUncacheable(x.key, x.receivedAtMs)) return goAlone(x, 'known-uncacheable');
    const fill = fills.get(x.key);
    // Only the answer to a GET is stored, so a HEAD leads nothing: it follows, or asks the origin for itself.
    if (x.method === 'HEAD' && (!fill || fill.ended)) return headAlone(x);
    x.joins += 1;
    if (x.joins > MAX_JOINS) throw x.setback ?? new Fault('FILL_TIMEOUT');
    // Before anybody is asked on account of him.
    const party = x.live && partyOf(x, x.live, trusts);
    if (party) live.waiters.check(party);
    if (!fill || fill.ended || (!x.live && isOverdue(fill, parts))) {
      if (party && x.live?.mayBeHeld) live.held.check(party);
      return lead(x);
    }
    x.fill = fill;
    x.reader = fill.join();
    x.verdict = 'collapsed';
    x.reason = 'followed';
    if (x.live) return awaitAnswer(x, x.live, fill, parts);
    return fill.answer ? 'admit' : follow(x, fill, settings.fillFollowMs, parts);
  };
}

function lead(x: Exchange): Step {
  x.leads = true;
  x.verdict = 'miss';
  return 'fetch';
}

function headAlone(x: Exchange): Step {
  x.alone = true;
  x.verdict = 'miss';
  x.reason = 'head';
  return 'fetch';
}

/** The fill's own clock: one that has had no answer for so long must not gather further viewers. */
function isOverdue(fill: Fill, { clock, settings }: EdgeParts): boolean {
  return !fill.answer && clock.now() - fill.traits.startedAtMs >= settings.fillFollowMs;
}

/** Waits for the head. The follower's clock: when its patience ends it stops following, and another leads. */
async function follow(x: Exchange, fill: Fill, patienceMs: number, { fills }: EdgeParts): Promise<Step> {
  const until = performance.now() + patienceMs;
  passOnInterims(x, fill);
  while (fill.state === 'asking' && !x.gone) {
    const leftMs = until - performance.now();
    if (leftMs <= 0) {
      fills.retire(fill);
      x.reader?.leave();
      x.reader = undefined;
      x.setback = new Fault('FILL_TIMEOUT');
      return 'lookup';
    }
    await newsOf(fill, x, leftMs);
    passOnInterims(x, fill);
  }
  return 'admit';
}
