import { Fault } from '../../kernel/errors.ts';
import type { Answer, Fill } from '../cache/fill.ts';
import type { Phase } from '../drive.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import { variantOf } from './compress.ts';
import { goAlone } from './lookup.ts';
import { mayServeStale, serveStale } from './refuse.ts';

/** Takes the origin's answer, or what stands in for it, as this viewer's own; the fill has decided what is kept. */
export function admit(parts: EdgeParts): Phase {
  return (x) => {
    const { fill } = x;
    if (x.gone || !fill) throw new Fault('VIEWER_GONE');
    if (fill.state === 'failed') return failed(x, fill);
    if (fill.state === 'not-modified') return revalidated(x, fill);
    const { answer } = fill;
    if (!answer) throw new Fault('INTERNAL', { detail: { fill: fill.state } });
    if (answer.head.status >= 500 && mayServeStale(x, parts)) return serveStale(x);
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
