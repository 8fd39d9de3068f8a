import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EdgeScenario, Viewer } from '../harness/edge-scenario.ts';
import { startFilmEdge } from '../harness/film-edge.ts';
import { LiveOrigin, STREAM } from '../harness/live-origin.ts';

let s: EdgeScenario;
let stop: () => Promise<void>;
beforeEach(async () => {
  ({ s, stop } = await startFilmEdge());
  s.origin.serve(`/access/${STREAM}`, { body: JSON.stringify({ policy: 'public' }) });
});
afterEach(() => stop());

const PARTS = 4;
const RENDITION_NAMES = ['360p', '720p'];

/** A state in one of the wordings that players have for it. */
function stateIn(at: number, wording: number, isDelta: boolean): string {
  const [msn, part] = [Math.floor(at / PARTS), at % PARTS];
  const skip = isDelta ? `&_HLS_skip=${wording % 2 === 0 ? 'YES' : 'v2'}` : '';
  if (wording === 0 && part === 0) return `_HLS_msn=${msn - 1}&_HLS_part=${PARTS}${skip}`;
  return wording === 1 ? `_HLS_part=${part}&_HLS_msn=0${msn}${skip}` : `_HLS_msn=${msn}&_HLS_part=${part}${skip}`;
}

/** The place that a name of a state stands for. */
function placeOf(target: string): string {
  const [path, query] = target.split('?');
  const asked = new URLSearchParams(query);
  const at = Number(asked.get('_HLS_msn')) * PARTS + Number(asked.get('_HLS_part'));
  return `${path} ${at} ${asked.has('_HLS_skip') ? 'delta' : 'whole'}`;
}

/** The newest part that a playlist lists. */
function newestOf(text: string): number {
  const [, msn, part] = [...text.matchAll(/^#EXT-X-PART:[^\n]*s(\d+)\.p(\d+)\.m4s/gm)].at(-1) ?? [];
  return Number(msn) * PARTS + Number(part);
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      late: fc.nat(3),
      wording: fc.nat(2),
      isDelta: fc.boolean(),
      rendition: fc.nat(1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('publish' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), turns: fc.integer({ min: 1, max: 30 }) }) },
);

test('however viewers come and whatever they call it, a state is asked of the origin once at most', async () => {
  let broadcast = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 80, size: 'max' }), async (steps) => {
      broadcast += 1;
      const live = new LiveOrigin();
      const named = (path: string) => path.replace('/b1/', `/b${broadcast}/`);
      s.origin.otherwise(({ target }, response) => live.answer(target.replace(`/b${broadcast}/`, '/b1/'), response));
      // What somebody has been told by this edge.
      const told: number[] = [];
      const hear = ({ body }: { body: Buffer }, rendition: number) => {
        told[rendition] = Math.max(told[rendition] ?? 0, newestOf(body.toString()));
      };
      for (const [at, name] of RENDITION_NAMES.entries()) hear(await s.get(named(LiveOrigin.playlistPath(name))), at);
      const viewers: Viewer[] = [];
      for (const each of steps) {
        if (each.do === 'publish') live.publish();
        else if (each.do === 'pass') for (let at = 0; at < each.turns; at++) await turn();
        else {
          // The next one, or one that has been there for a moment.
          const { rendition } = each;
          const state = stateIn((told[rendition] ?? 0) + 1 - each.late, each.wording, each.isDelta);
          const viewer = s.viewer(named(LiveOrigin.playlistPath(RENDITION_NAMES[rendition], state)));
          void viewer.answer.then((answer) => hear(answer, rendition));
          viewers.push(viewer);
        }
      }
      // Until nobody waits any more.
      const answers = Promise.all(viewers.map(({ answer }) => answer));
      let isDone = false;
      void answers.then(() => {
        isDone = true;
      });
      while (!isDone) {
        if (s.edge.usage.waiting > 0) live.publish();
        for (let at = 0; at < 20; at++) await turn();
      }
      for (const { status } of await answers) expect(status).toBe(200);
      const states = live.asked.filter((target) => target.includes('_HLS_msn')).map(placeOf);
      expect(states).toEqual([...new Set(states)]);
      for (const media of live.asked.filter((target) => target.includes('.m4s')))
        expect([media, live.count(media)]).toEqual([media, 1]);
    }),
    { numRuns: 20 },
  );
});
