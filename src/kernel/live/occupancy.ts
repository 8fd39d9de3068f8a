import type { FaultCode } from '../errors.ts';
import type { EndReason } from './live-stream.ts';

/**
 * Who publishes to a stream, and what becomes of its broadcast by that. One publisher is encoded, a second one stands by;
 * when the first goes the second takes its place, and when nobody is left the broadcast waits for one to come back.
 */
export interface Occupancy {
  /** `empty`: nobody has got as far as a broadcast; `over`: ended, nothing happens any more. */
  readonly phase: 'empty' | 'live' | 'reconnecting' | 'over';
  readonly first?: Publisher;
  readonly backup?: Publisher;
  /** How the last one went. */
  readonly departure: Departure;
}

/** Tells publishers apart. */
export type Publisher = number;
export type Departure = 'finished' | 'lost';

export type Happening =
  | { readonly is: 'joined' | 'silent'; readonly who: Publisher }
  | { readonly is: 'left'; readonly who: Publisher; readonly how: Departure }
  /** Sends what cannot be encoded. */
  | { readonly is: 'useless'; readonly who: Publisher; readonly why: FaultCode }
  | { readonly is: 'began' | 'encoder-lost' | 'waited' }
  | { readonly is: 'ended'; readonly reason: EndReason };

export type Deed =
  /** Encode this one from now on, in a session of its own. What was encoded last comes out first. */
  | { readonly do: 'encode'; readonly who: Publisher }
  /** What was encoded last comes out still, then the session is over. */
  | { readonly do: 'close-session' }
  | { readonly do: 'send-away'; readonly who: Publisher; readonly why: FaultCode }
  /** The broadcast goes on without a publisher for as long as it may; `waited` says that this is over. */
  | { readonly do: 'wait' }
  | { readonly do: 'stop-waiting' }
  /** There was no broadcast: the stream is given back. */
  | { readonly do: 'give-back' }
  | { readonly do: 'end'; readonly reason: EndReason };

export interface Decision {
  readonly now: Occupancy;
  readonly deeds: readonly Deed[];
}

export const EMPTY: Occupancy = { phase: 'empty', departure: 'lost' };
/** Of a broadcast that a server before this one has left. */
export const ORPHANED: Occupancy = { phase: 'reconnecting', departure: 'lost' };

export function decide(now: Occupancy, happening: Happening): Decision {
  if (now.phase === 'over') return refuse(now, happening);
  switch (happening.is) {
    case 'joined':
      return join(now, happening.who);
    case 'left':
      return leave(now, happening.who, happening.how);
    case 'silent':
      return passOver(now, happening.who);
    case 'useless': {
      const { now: left, deeds } = leave(now, happening.who, 'lost');
      return { now: left, deeds: [{ do: 'send-away', who: happening.who, why: happening.why }, ...deeds] };
    }
    case 'began':
      return { now: { ...now, phase: now.first === undefined ? now.phase : 'live' }, deeds: [] };
    case 'encoder-lost':
      return { now, deeds: now.first === undefined ? [] : [{ do: 'encode', who: now.first }] };
    case 'waited':
      return now.phase === 'reconnecting' && now.first === undefined ? end(now, now.departure) : { now, deeds: [] };
    case 'ended':
      return end(now, happening.reason);
  }
}

function refuse(now: Occupancy, happening: Happening): Decision {
  const deeds: Deed[] =
    happening.is === 'joined' ? [{ do: 'send-away', who: happening.who, why: 'LIVE_STREAM_BUSY' }] : [];
  return { now, deeds };
}

function join(now: Occupancy, who: Publisher): Decision {
  if (now.first === undefined) {
    const waited: Deed[] = now.phase === 'reconnecting' ? [{ do: 'stop-waiting' }] : [];
    return { now: { ...now, first: who }, deeds: [...waited, { do: 'encode', who }] };
  }
  if (now.backup === undefined) return { now: { ...now, backup: who }, deeds: [] };
  return { now, deeds: [{ do: 'send-away', who, why: 'LIVE_STREAM_BUSY' }] };
}

function leave(now: Occupancy, who: Publisher, how: Departure): Decision {
  const { first, backup, ...rest } = now;
  if (who === backup) return { now: { ...rest, ...(first === undefined ? {} : { first }) }, deeds: [] };
  if (who !== first) return { now, deeds: [] };
  const left = { ...rest, departure: how };
  if (backup !== undefined) return { now: { ...left, first: backup }, deeds: [{ do: 'encode', who: backup }] };
  if (now.phase === 'empty') return { now: left, deeds: [{ do: 'close-session' }, { do: 'give-back' }] };
  return { now: { ...left, phase: 'reconnecting' }, deeds: [{ do: 'close-session' }, { do: 'wait' }] };
}

/** Nothing comes of the first one: the other takes its place, and it may be the backup once it is heard of again. */
function passOver(now: Occupancy, who: Publisher): Decision {
  const { first, backup } = now;
  if (first !== who || backup === undefined) return { now, deeds: [] };
  return { now: { ...now, first: backup, backup: first }, deeds: [{ do: 'encode', who: backup }] };
}

function end(now: Occupancy, reason: EndReason): Decision {
  const present = [now.first, now.backup].filter((who) => who !== undefined);
  const over: Occupancy = { phase: 'over', departure: now.departure };
  return {
    now: over,
    deeds: [
      ...present.map((who): Deed => ({ do: 'send-away', who, why: FAREWELLS[reason] ?? 'LIVE_STREAM_ENDED' })),
      { do: 'close-session' },
      ...(now.phase === 'empty' ? [{ do: 'give-back' } as const] : [{ do: 'end', reason } as const]),
    ],
  };
}

const FAREWELLS: Partial<Record<EndReason, FaultCode>> = { disabled: 'LIVE_STREAM_DISABLED' };
