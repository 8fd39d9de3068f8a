import { afterEach, expect, test } from 'vitest';
import { distribution, HOST, originAt, type SiteEdge, site, startSiteEdge } from '../harness/site-edge.ts';

let edge: SiteEdge;
afterEach(() => edge.stop());

const asked = { headers: { Host: HOST } };

test('a host that is an alias is served from the origin of its distribution, and kept as its policy says', async () => {
  edge = await startSiteEdge((origin) => site({ distributions: { dist: distribution([originAt(origin.url)]) } }));
  const { s, origin } = edge;
  origin.serve('/page', { body: 'hello' });
  const first = await s.get('/page?x=1', asked);
  const second = await s.get('/page?x=2', asked);
  expect([first.status, first.body.toString(), first.headers['x-cache']]).toEqual([200, 'hello', 'Miss from frontrow']);
  expect([second.body.toString(), second.headers['x-cache']]).toEqual(['hello', 'Hit from frontrow']);
  expect(origin.asked.map(({ target }) => target)).toEqual(['/page']);
});
