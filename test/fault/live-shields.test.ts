import { afterEach, expect, test } from 'vitest';
import type { EdgeScenario } from '../harness/edge-scenario.ts';
import { LiveEdges } from '../harness/live-edges.ts';
import { LiveOrigin } from '../harness/live-origin.ts';

const { playlistPath: playlist, mediaPath: media } = LiveOrigin;

let edges: LiveEdges;
afterEach(() => edges.stop());

/** A playlist in which this part is there, and not only hinted. */
const listed = (msn: number, part: number) => new RegExp(`^#EXT-X-PART:[^\\n]*s00${msn}\\.p${part}\\.m4s`, 'm');

async function waiting(s: EdgeScenario, count: number): Promise<void> {
  await expect.poll(() => s.edge.usage.waiting, { timeout: 10_000 }).toBe(count);
}

async function below(parent: EdgeScenario, count: number): Promise<EdgeScenario[]> {
  const children: EdgeScenario[] = [];
  while (children.length < count) children.push(await edges.edge({}, { parents: [parent.url] }));
  return children;
}

/** How often a target was asked for, by what stands behind its last slash. */
function counts(asked: readonly string[]): Record<string, number> {
  const of: Record<string, number> = {};
  for (const target of asked) of[target] = (of[target] ?? 0) + 1;
  return of;
}

test('five edges below a parent, which has one itself, are one request a state and part to the origin', async () => {
  edges = await LiveEdges.start();
  const { live } = edges;
  const shield = await edges.edge();
  const [parent] = (await below(shield, 1)) as [EdgeScenario];
  const children = await below(parent, 5);
  for (const each of children) await each.get(playlist());
  const rendered: string[] = [];
  for (let at = 0; at < 8; at++) {
    const [msn, part] = [103 + (at >> 2), at % 4];
    // In as many words as there are for it.
    const words = [
      `_HLS_msn=${msn}&_HLS_part=${part}`,
      `_HLS_part=0${part}&_HLS_msn=${msn}`,
      part === 0 ? `_HLS_msn=${msn - 1}&_HLS_part=4` : `_HLS_msn=${msn}&_HLS_part=${part}&CMCD=su`,
    ];
    const viewers = children.flatMap((each) => words.map((word) => each.viewer(playlist('720p', word))));
    for (const each of children) await waiting(each, words.length);
    await waiting(parent, 2 * children.length);
    // The state, and the part that is hinted.
    await expect.poll(() => live.held).toBe(2);
    live.publish();
    for (const { body } of await Promise.all(viewers.map((each) => each.answer)))
      expect(body.toString()).toMatch(listed(msn, part));
    const target = media(`1/s00${msn}.p${part}.m4s`);
    for (const each of children) expect((await each.get(target)).body.toString()).toContain(target);
    rendered.push(target, playlist('720p', words[0]));
  }
  const asked = counts(live.asked);
  for (const target of rendered) expect([target, asked[target]]).toEqual([target, 1]);
  // Beside these the playlist as it stands, and the part that is hinted now.
  expect(Object.keys(asked).filter((target) => !rendered.includes(target))).toHaveLength(2);
  expect(shield.edge.usage.waiting).toBe(1);
});

test('an edge below that joins late, and one that stops while it waits, cost the origin nothing', async () => {
  edges = await LiveEdges.start();
  const { live } = edges;
  const parent = await edges.edge();
  const [first, late] = (await below(parent, 2)) as [EdgeScenario, EdgeScenario];
  await first.get(playlist());
  const next = playlist('720p', '_HLS_msn=103&_HLS_part=0');
  const early = first.viewer(next);
  await expect.poll(() => live.held).toBe(2);
  const joined = late.viewer(next);
  await waiting(parent, 3);
  // With the first edge gone its request is, and the other still waits.
  await first.edge.stop();
  await early.answer.catch(() => {});
  live.publish();
  expect((await joined.answer).body.toString()).toMatch(listed(103, 0));
  expect((await late.get(media('1/s00103.p0.m4s'))).status).toBe(200);
  expect([live.count(next), live.count(media('1/s00103.p0.m4s'))]).toEqual([1, 1]);
});
