import type { Exchange } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';

/** With the operator's token in a request: asks to be told where its answer comes from. In the answer: tells it. */
export const DEBUG_FIELD = 'frontrow-debug';
const ANSWER_FIELD = 'Frontrow-Debug';

/**
 * Such as `key="/a", tier=memory, status=200, age=12, fresh-for=48, size=3012, tags="news sport"`. What is stale has been so for
 * as long as `fresh-for` is below zero; an answer that is just coming is of no tier.
 */
export function debugFields(x: Exchange, { clock }: EdgeParts): string[] {
  const stored = x.object ?? x.onDisk;
  const answer = x.fill?.answer;
  const nowMs = clock.now();
  const head = stored?.head ?? answer?.sharedHead;
  const members = [`key="${quotable(stored?.key ?? x.key)}"`, `tier=${tierOf(x)}`];
  if (head) members.push(`status=${head.status}`);
  if (stored) {
    members.push(`age=${stored.ageSeconds(nowMs)}`);
    members.push(`fresh-for=${Math.floor((stored.freshUntilMs - nowMs) / 1000)}`);
  }
  const sizeBytes = stored?.bodyBytes ?? answer?.declaredBytes;
  if (sizeBytes !== undefined) members.push(`size=${sizeBytes}`);
  if (head) members.push(`tags="${quotable(head.tags.join(' '))}"`);
  return [ANSWER_FIELD, members.join(', ')];
}

/** Where the answer was when the viewer came. */
function tierOf({ object, onDisk, brought, verdict }: Exchange): 'memory' | 'disk' | 'none' {
  if (onDisk || (object && object === brought)) return 'disk';
  return object && verdict !== 'collapsed' ? 'memory' : 'none';
}

/** Keys of variants have line breaks, and viewers send any byte. */
function quotable(text: string): string {
  return text.replace(
    /[^\x20\x21\x23-\x5b\x5d-\x7e]/g,
    (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
