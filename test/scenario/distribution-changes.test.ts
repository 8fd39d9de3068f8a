import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SiteConfig } from '../../src/kernel/distribution/site-config.ts';
import type { Place } from '../../src/kernel/place.ts';
import { EdgeScenario, HandClock, type ScenarioOptions } from '../harness/edge-scenario.ts';
import { KEYS } from '../harness/film-edge.ts';
import { ScriptedOrigin } from '../harness/origin.ts';
import { ScriptedFeed } from '../harness/scripted-feed.ts';
import { cachePolicy, distribution, HOST, originAt, site } from '../harness/site-edge.ts';

let feed: ScriptedFeed;
let origin: ScriptedOrigin;
let s: EdgeScenario;
let version = 0;
beforeEach(async () => {
  feed = await new ScriptedFeed().start();
  origin = await new ScriptedOrigin().start();
});
afterEach(async () => {
  await Promise.all([s.stop(), origin.stop(), feed.stop()]);
});

async function start(value: SiteConfig, options: ScenarioOptions = {}): Promise<void> {
  feed.greet({ keys: { version: 'v1', value: KEYS }, site: { version: 'v0', value } });
  s = await new EdgeScenario({ mode: 'film', clock: new HandClock(), controlUrl: feed.url, ...options }).start();
}

function change(value: SiteConfig): void {
  version += 1;
  feed.tell({ site: { version: `v${version}`, value } });
}

const noted = (comment: string, value = distribution([originAt(origin.url)])) =>
  site({ distributions: { dist: { ...value, comment } } });
const ask = (target: string, host = HOST) => s.get(target, { headers: { Host: host } });

test('requests that run while the configuration changes are answered, each of them', async () => {
  origin.otherwise((asked, response) => void setTimeout(() => response.end(asked.target), 5));
  const off = cachePolicy({ minTTL: 0, defaultTTL: 0, maxTTL: 0 });
  const attempts = (n: number) => ({
    ...noted(''),
    distributions: { dist: distribution([originAt(origin.url, { connectionAttempts: 1 + (n % 3) })]) },
    cachePolicies: { policy: off },
  });
  await start(attempts(0));
  const answers: Promise<unknown>[] = [];
  for (let n = 1; n <= 60; n += 1) {
    answers.push(...Array.from({ length: 5 }, (_, at) => ask(`/${n}/${at}`).then(({ status }) => status)));
    change(attempts(n));
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
});

test('a distribution that is deleted while an answer of it arrives brings that to its end', async () => {
  await start(noted(''));
  const held = origin.hold('/film');
  const viewer = s.viewer('/film', { headers: { Host: HOST } });
  await held.arrived;
  change(site({}));
  await expect.poll(async () => (await ask('/')).status).toBe(404);
  held.release({ body: 'film' });
  expect((await viewer.answer).body.toString()).toBe('film');
});

test('an alias that moves brings nothing of its old distribution along', async () => {
  const two = (first: string[], second: string[]) =>
    site({
      distributions: {
        one: distribution([originAt(origin.url)], { aliases: first }),
        two: distribution([originAt(origin.url, { originPath: '/two' })], { aliases: second }),
      },
    });
  origin.serve('/page', { body: 'one' }).serve('/two/page', { body: 'two' });
  await start(two([HOST], []));
  expect((await ask('/page')).body.toString()).toBe('one');
  change(two([], [HOST]));
  await expect.poll(async () => (await ask('/page')).body.toString()).toBe('two');
});

test('a change that waits for places is in force before the one behind it', async () => {
  const loaded = Promise.withResolvers<void>();
  const places = { load: () => loaded.promise, find: (): Place | undefined => undefined };
  await start(noted(''), { places });
  origin.serve('/a', { body: 'a' }).serve('/b', { body: 'b' });
  const geoRestriction = { restrictionType: 'blacklist' as const, locations: ['XX'] };
  change(noted('', distribution([originAt(origin.url)], { restrictions: { geoRestriction }, defaultRootObject: 'a' })));
  change(noted('', distribution([originAt(origin.url)], { defaultRootObject: 'b' })));
  expect((await ask('/')).status).toBe(404);
  loaded.resolve();
  await expect.poll(async () => (await ask('/')).body.toString()).toBe('b');
});

test('what a change leaves as it is keeps its connections, and is counted on', async () => {
  const off = { policy: cachePolicy({ minTTL: 0, defaultTTL: 0, maxTTL: 0 }) };
  origin.serve('/page', { body: 'page' });
  await start({ ...noted('one'), cachePolicies: off });
  for (let n = 0; n < 30; n += 1) {
    change({ ...noted(`${n}`), cachePolicies: off });
    await ask('/page');
  }
  expect(origin.connections).toBe(1);
  const name = new URL(origin.url).host;
  expect(s.edge.origins.find((each) => each.name === name)).toMatchObject({ requests: 30, failures: 0 });
});
