import { copyFile, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseTarget, type Target } from '../../src/edge/invalidation/target.ts';
import { type Asking, EdgeScenario, HandClock } from '../harness/edge-scenario.ts';

/** What an invalidation takes away, and what it leaves, over a real edge with memory alone and with both tiers. */
const HOUR = { 'Cache-Control': 'max-age=3600' };
const MEBIBYTE = 1_048_576;

let s: EdgeScenario;
let clock: HandClock;

beforeEach(() => {
  clock = new HandClock();
});
afterEach(() => s.stop());

async function begin(edgeDiskBytes: number): Promise<void> {
  s = await new EdgeScenario({ clock, settings: { edgeDiskBytes } }).start();
}

async function invalidate(texts: readonly string[], soft = false): Promise<void> {
  await s.edge.invalidations.invalidate(
    texts.map((text) => parseTarget(text) as Target),
    soft,
  );
}

async function verdict(target: string, asking: Asking = {}): Promise<string | undefined> {
  const before = s.facts.length;
  await s.get(target, asking);
  await s.settled(before + 1);
  return s.facts.at(-1)?.verdict;
}

async function store(target: string, headers: Record<string, string> = HOUR): Promise<void> {
  s.origin.serve(target, { headers, body: `body of ${target}` });
  await s.get(target);
  await s.edge.written();
}

/** Everything is looked for, and whatever was banned is forgotten. */
async function swept(): Promise<void> {
  await s.edge.invalidations.idle();
  expect(s.edge.invalidations.state.pending).toEqual([]);
}

describe.each([
  ['memory alone', 0],
  ['memory and disk', 64 * MEBIBYTE],
])('with %s', (_tiers, edgeDiskBytes) => {
  beforeEach(() => begin(edgeDiskBytes));

  test.each<[string[], string[], string[]]>([
    [['/a'], ['/a'], ['/a?x', '/ab', '/b']],
    [['/a?x'], ['/a?x'], ['/a', '/b']],
    [['/a*'], ['/a', '/a?x', '/ab'], ['/b']],
    [['/*b'], ['/ab', '/b'], ['/a', '/a?x']],
    [
      ['/a', '/b'],
      ['/a', '/b'],
      ['/ab', '/a?x'],
    ],
    [['#red'], ['/red', '/both'], ['/a', '/blue']],
    [
      ['#RED', '/a'],
      ['/red', '/both', '/a'],
      ['/blue', '/b'],
    ],
    [['/*'], ['/a', '/a?x', '/ab', '/b', '/red', '/blue', '/both'], []],
  ])('%j takes away %j and leaves %j', async (texts, gone, left) => {
    for (const target of ['/a', '/a?x', '/ab', '/b']) await store(target);
    await store('/red', { ...HOUR, 'Cache-Tag': 'red' });
    await store('/blue', { ...HOUR, 'Surrogate-Key': 'blue green' });
    await store('/both', { ...HOUR, 'Surrogate-Key': 'blue red' });
    await invalidate(texts);
    for (const target of gone) expect([target, await verdict(target)]).toEqual([target, 'miss']);
    for (const target of left) expect([target, await verdict(target)]).toEqual([target, 'hit']);
    for (const target of gone) expect([target, await verdict(target)]).toEqual([target, 'hit']);
    // Swept before anybody asks, it is gone from the disk too.
    await s.edge.written();
    await invalidate(texts);
    await swept();
    expect(s.edge.usage.entries).toBe(7 - gone.length);
    if (edgeDiskBytes === 0) return;
    await s.restartEdge();
    for (const target of gone) expect([target, await verdict(target)]).toEqual([target, 'miss']);
    for (const target of left) expect([target, await verdict(target)]).toEqual([target, 'hit']);
  });

  test('all variants of a path go, and those of one tag alone where a tag is named', async () => {
    const ask = (language: string) => verdict('/v', { headers: { 'Accept-Language': language } });
    s.origin.script('/v', (asked, response) => {
      const tag = `in-${asked.headers['accept-language']}`;
      response.writeHead(200, { ...HOUR, Vary: 'Accept-Language', 'Cache-Tag': tag }).end(tag);
    });
    for (const language of ['de', 'fr']) await ask(language);
    await invalidate(['#in-de']);
    expect([await ask('fr'), await ask('de'), await ask('de')]).toEqual(['hit', 'miss', 'hit']);
    await invalidate(['/v']);
    expect([await ask('fr'), await ask('de')]).toEqual(['miss', 'miss']);
  });

  test('stored parts, beginnings and absences go too', async () => {
    const range = { headers: { Range: 'bytes=0-3' } };
    s.origin.script('/part', (_asked, response) => {
      response
        .writeHead(206, { ...HOUR, ETag: '"1"', 'Content-Range': 'bytes 0-3/10', 'Content-Length': '4' })
        .end('0123');
    });
    s.origin.serve('/absent', { status: 404, headers: HOUR });
    await s.get('/part', range);
    await s.get('/absent');
    expect([await verdict('/part', range), await verdict('/absent')]).toEqual(['hit', 'hit']);
    await invalidate(['/part', '/absent']);
    expect([await verdict('/part', range), await verdict('/absent')]).toEqual(['miss', 'miss']);
  });

  test('hard: it is not served even when the origin fails', async () => {
    await store('/a', { 'Cache-Control': 'max-age=60, stale-if-error=600, stale-while-revalidate=600' });
    await invalidate(['/a']);
    s.origin.serve('/a', { status: 503 });
    expect((await s.get('/a')).status).toBe(503);
  });

  test('hard: a copy that is being asked about when it is invalidated is not served when the origin then fails', async () => {
    await store('/a', { 'Cache-Control': 'max-age=60, stale-if-error=600', ETag: '"1"' });
    clock.advance(90);
    const held = s.origin.hold('/a');
    const waiting = s.get('/a');
    await held.arrived;
    await invalidate(['/a']);
    held.release({ status: 503 });
    expect((await waiting).status).toBe(503);
  });

  test('hard: who waits for it to be confirmed neither asks about the copy nor gets it afterwards', async () => {
    await s.stop();
    s = await new EdgeScenario({ clock, settings: { edgeDiskBytes, originFirstByteMs: 200 } }).start();
    await store('/a', { 'Cache-Control': 'max-age=1', ETag: '"1"' });
    // Both find it on disk, where there is one.
    if (edgeDiskBytes > 0) await s.restartEdge();
    clock.advance(5);
    const held = s.origin.hold('/a');
    const viewers = [s.get('/a'), s.get('/a')];
    await held.arrived;
    while (s.edge.readersOf('/a') < 2) await new Promise(setImmediate);
    await invalidate(['/a']);
    s.origin.serve('/a', { headers: HOUR, body: 'new' });
    const answers = (await Promise.all(viewers)).toSorted((one, other) => one.status - other.status);
    expect(answers.map(({ status }) => status)).toEqual([200, 504]);
    expect(answers[0]?.body.toString()).toBe('new');
    expect(s.origin.last('/a')?.headers).not.toHaveProperty('if-none-match');
  });

  test('an answer without end that is not kept keeps no invalidation from being finished', async () => {
    const held = s.origin.hold('/events');
    const viewer = s.viewer('/events');
    await held.arrived;
    held.head({ headers: { 'Cache-Control': 'no-store' } });
    held.write('first');
    await viewer.received(5);
    await invalidate(['/a']);
    await swept();
    held.end();
    await viewer.answer;
  });

  test('soft: it is asked about, confirmed by a 304, and fresh again', async () => {
    s.origin.script('/a', (asked, response) => {
      response.writeHead(asked.headers['if-none-match'] === '"1"' ? 304 : 200, { ...HOUR, ETag: '"1"' }).end();
    });
    await s.get('/a');
    await invalidate(['/a'], true);
    expect([await verdict('/a'), await verdict('/a')]).toEqual(['revalidated', 'hit']);
  });

  test('soft: it is served while it is renewed, and when the origin fails, for as long as its origin allows', async () => {
    await store('/swr', { 'Cache-Control': 'max-age=3600, stale-while-revalidate=60' });
    await store('/sie', { 'Cache-Control': 'max-age=3600, stale-if-error=60' });
    await invalidate(['/*'], true);
    clock.advance(30);
    s.origin.serve('/sie', { status: 503 });
    expect([await verdict('/swr'), await verdict('/sie')]).toEqual(['stale', 'stale']);
    await s.origin.until('/swr', 2);
    clock.advance(60);
    expect((await s.get('/sie')).status).toBe(503);
  });

  test('soft: what is stale stays so after the sweep and a restart', async () => {
    s.origin.script('/a', (_asked, response) => void response.writeHead(200, { ...HOUR, ETag: '"1"' }).end('a'));
    await s.get('/a');
    await s.edge.written();
    await invalidate(['/a'], true);
    await swept();
    if (edgeDiskBytes > 0) await s.restartEdge();
    expect(await verdict('/a')).toBe('miss');
    expect(s.origin.last('/a')?.headers['if-none-match']).toBe('"1"');
  });

  test.each([
    ['a path', '/a'],
    ['a tag that nobody can know yet', '#red'],
  ])('a fill under way is for those who wait for it, and not stored: %s', async (_what, text) => {
    const held = s.origin.hold('/a');
    const waiting = s.get('/a');
    await held.arrived;
    await invalidate([text]);
    s.origin.serve('/a', { headers: HOUR, body: 'new' });
    const after = await s.get('/a');
    held.release({ headers: { ...HOUR, 'Cache-Tag': 'red' }, body: 'old' });
    expect([(await waiting).body.toString(), after.body.toString()]).toEqual(['old', 'new']);
    expect((await s.get('/a')).body.toString()).toBe('new');
    expect(s.origin.count('/a')).toBe(2);
  });

  test('what a question brings that nobody follows is as old as the question', async () => {
    await store('/a', { 'Cache-Control': 'max-age=60', ETag: '"1"' });
    const held = s.origin.hold('/a');
    const waiting = s.get('/a', { method: 'POST', body: 'x' });
    await held.arrived;
    await invalidate(['/*']);
    await s.edge.invalidations.idle();
    // It waits for the answer that may be stored, however long that takes.
    expect(s.edge.invalidations.state.pending).toHaveLength(1);
    held.release({ headers: { ...HOUR, 'Content-Location': '/a' }, body: 'of the post' });
    await waiting;
    expect(await verdict('/a')).toBe('miss');
  });

  test('what came under an uncacheable answer is tried anew', async () => {
    s.origin.serve('/a', { headers: { 'Cache-Control': 'no-store' } });
    await s.get('/a');
    s.origin.serve('/a', { headers: HOUR });
    await invalidate(['/a']);
    expect([await verdict('/a'), await verdict('/a')]).toEqual(['miss', 'hit']);
  });

  test('a dry run counts and lists what would go, by tier, and changes nothing', async () => {
    for (const target of ['/a/1', '/a/2', '/b']) await store(target);
    const survey = await s.edge.invalidations.survey([parseTarget('/a/*') as Target], 1);
    const tier = { entries: 2, bytes: expect.any(Number), keys: ['/a/1'] };
    expect(survey).toEqual({ memory: tier, disk: edgeDiskBytes > 0 ? tier : undefined });
    expect([await verdict('/a/1'), s.edge.invalidations.state.pending]).toEqual(['hit', []]);
  });

  test('tags are for the edge: viewers do not see them, fresh, from a fill or part of it', async () => {
    s.origin.serve('/a', { headers: { ...HOUR, 'Cache-Tag': 'x', 'Surrogate-Key': 'y z' }, body: 'abc' });
    for (const asking of [{}, {}, { headers: { Range: 'bytes=0-1' } }, { method: 'HEAD' }, { method: 'POST' }]) {
      const { headers } = await s.get('/a', asking);
      expect(headers).not.toHaveProperty('cache-tag');
      expect(headers).not.toHaveProperty('surrogate-key');
    }
  });

  test('a 304 that names other tags changes them', async () => {
    s.origin.script('/a', (asked, response) => {
      const isKnown = asked.headers['if-none-match'] === '"1"';
      const headers = { 'Cache-Control': 'max-age=60', ETag: '"1"', 'Cache-Tag': isKnown ? 'new' : 'old' };
      response.writeHead(isKnown ? 304 : 200, headers).end();
    });
    await s.get('/a');
    clock.advance(90);
    expect(await verdict('/a')).toBe('revalidated');
    await invalidate(['#old']);
    expect(await verdict('/a')).toBe('hit');
    await invalidate(['#new']);
    expect(await verdict('/a')).toBe('miss');
  });
});

describe('a cache folder', () => {
  beforeEach(() => begin(64 * MEBIBYTE));

  const journalOf = (dataDir: string) => join(dataDir, 'edge-invalidations', 'journal');
  const cacheOf = (dataDir: string) => join(dataDir, 'edge-cache');

  test('gives nothing back that was invalidated and not swept before the edge ended', async () => {
    await store('/a');
    await store('/b');
    let before = '';
    await s.restartEdge(async (dataDir) => {
      before = await readFile(journalOf(dataDir), 'utf8');
    });
    // As though it had been killed right after the answer: written down, and nothing done yet.
    await s.restartEdge((dataDir) =>
      writeFile(journalOf(dataDir), `${before}{"sequence":900000,"target":"/a","soft":false,"atMs":0}\n`),
    );
    expect([await verdict('/a'), await verdict('/b')]).toEqual(['miss', 'hit']);
  });

  test('that comes back from before an invalidation is emptied', async () => {
    await store('/a');
    await store('/b');
    await s.restartEdge((dataDir) => cp(cacheOf(dataDir), join(dataDir, 'copy'), { recursive: true }));
    await invalidate(['/a']);
    await swept();
    await s.restartEdge(async (dataDir) => {
      await rm(cacheOf(dataDir), { recursive: true });
      await cp(join(dataDir, 'copy'), cacheOf(dataDir), { recursive: true });
    });
    expect([await verdict('/a'), await verdict('/b')]).toEqual(['miss', 'miss']);
  });

  test.each<[string, (dataDir: string) => Promise<unknown>]>([
    ['the journal is gone', (dataDir) => rm(journalOf(dataDir))],
    ['the journal cannot be read', (dataDir) => writeFile(journalOf(dataDir), 'x\ny\n')],
    [
      'somebody could not tell this edge',
      (dataDir) => copyFile(journalOf(dataDir), join(journalOf(dataDir), '..', 'missed')),
    ],
  ])('is emptied when nobody knows what was invalidated: %s', async (_why, between) => {
    await store('/a');
    await s.restartEdge();
    expect(await verdict('/a')).toBe('hit');
    await s.restartEdge(async (dataDir) => void (await between(dataDir)));
    expect(await verdict('/a')).toBe('miss');
    await s.edge.written();
    // Once, and not at every start from then on.
    await s.restartEdge();
    expect(await verdict('/a')).toBe('hit');
  });

  test('keeps what stands over many restarts and invalidations', async () => {
    await store('/a');
    for (const text of ['/b', '#c', '/d*']) {
      await invalidate([text]);
      await swept();
      await s.restartEdge();
    }
    expect(await verdict('/a')).toBe('hit');
    // Nothing is left of what is finished.
    expect((await readFile(journalOf(s.dataDir), 'utf8')).split('\n')).toHaveLength(2);
  });
});
