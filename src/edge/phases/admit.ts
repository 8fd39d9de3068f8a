import { Fault, type FaultCode } from '../../kernel/errors.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import type { Answer, Fill } from '../cache/fill.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Step } from '../exchange.ts';
import { isLiveList } from '../live/live-ask.ts';
import type { EdgeParts } from '../parts.ts';
import { variantOf } from './compress.ts';
import { goAlone } from './lookup.ts';
import { mayServeStale, serveStale } from './refuse.ts';

/** Takes the origin's answer, or what stands in for it, as this viewer's own; the fill has decided what is kept. */
export function admit(parts: EdgeParts): Phase {
  return (x) => {
    const { fill } = x;
    if (x.gone || !fill) throw new Fault('VIEWER_GONE');
    if (fill.state === 'failed') return x.live && !x.alone ? failedLive(x, fill) : failed(x, fill);
    if (fill.state === 'not-modified') return revalidated(x, fill);
    const { answer } = fill;
    if (!answer) throw new Fault('INTERNAL', { detail: { fill: fill.state } });
    if (answer.head.status >= 500 && mayServeStale(x, parts)) return serveStale(x);
    if (isLiveList(x.live) && fill.object) return takeWhole(x, fill.object);
    return x.leads || x.alone ? take(x, fill, answer, parts) : follow(x, fill, answer, parts);
  };
}

/** A follower tries once more, in the hope of another connection; the leader's viewer has had its answer. */
function failed(x: Exchange, fill: Fill): Step {
  const fault = fill.fault ?? new Fault('ORIGIN_UNREACHABLE');
  if (x.leads || x.alone) throw fault;
  x.setback = fault;
  leave(x);
  return 'lookup';
}

/** Between so long, by chance, those who waited for a broadcast ask once more: the first of them asks for all. */
const MIN_PAUSE_MS = 30;
const MAX_PAUSE_MS = 250;

/** One request was everybody's, so its failure is too; it is tried once more, and not by all edges at the same moment. */
async function failedLive(x: Exchange, fill: Fill): Promise<Step> {
  const fault = fill.fault ?? new Fault('ORIGIN_UNREACHABLE');
  if (x.joins > 1 || x.setback || !BROKEN.has(fault.code)) throw fault;
  x.setback = fault;
  leave(x);
  x.leads = false;
  await pauseOf(x, MIN_PAUSE_MS + Math.random() * (MAX_PAUSE_MS - MIN_PAUSE_MS));
  return 'lookup';
}

/** A connection that ended; what took too long is not waited for a second time. */
const BROKEN: ReadonlySet<FaultCode> = new Set(['ORIGIN_UNREACHABLE', 'ORIGIN_TRUNCATED', 'VIEWER_GONE']);

function pauseOf(x: Exchange, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      x.onGone(undefined);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    x.onGone(finish);
  });
}

/** All of it is here, so it goes out as what is stored does. */
function takeWhole(x: Exchange, object: CachedObject): Step {
  x.object = object;
  return 'shape';
}

function revalidated(x: Exchange, fill: Fill): Step {
  x.object = fill.object;
  if (x.leads && x.method === 'GET') {
    x.verdict = 'revalidated';
    x.reason = 'not-modified';
  }
  return 'shape';
}

function take(x: Exchange, fill: Fill, { admission }: Answer, { mode }: EdgeParts): Step {
  if (x.alone || fill.kept) return 'shape';
  const reason = admission.reason ?? 'no-room';
  // A part of something that is not kept is the origin's to cut out.
  if (reason === 'too-large' && x.part === undefined && mode === 'proxy' && x.request.headers.range !== undefined) {
    leave(x);
    return goAlone(x, reason);
  }
  x.verdict = 'bypass';
  x.reason = reason;
  return 'shape';
}

function follow(x: Exchange, fill: Fill, { admission, variant, head }: Answer, parts: EdgeParts): Step {
  // The origin's patience was spent before this viewer came; he gets a question of his own.
  if (fill.traits.ahead && head.status >= 500) {
    leave(x);
    return 'lookup';
  }
  const fits = variantOf(admission.varyNames, x.request.headers, parts) === variant;
  if (fits && (fill.kept || (admission.shared && !fill.overgrown))) return 'shape';
  leave(x);
  if (fits) return goAlone(x, admission.reason ?? 'no-room');
  // Variants are found by the marker that comes with the head, or with the whole where an older copy has its place.
  const isFound = fill.ended || parts.tier.peek(x.resource)?.kind === 'vary';
  return isFound ? 'lookup' : goAlone(x, 'variant-absent');
}

function leave(x: Exchange): void {
  x.reader?.leave();
  x.reader = undefined;
  x.fill = undefined;
}
