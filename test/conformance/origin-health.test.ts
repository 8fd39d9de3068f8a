import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { verifyEdge } from '../../src/kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../src/kernel/access/edge-signature.ts';
import { EDGE_ID, EdgeScenario, FLEET_SECRET, HandClock } from '../harness/edge-scenario.ts';
import { ScriptedOrigin } from '../harness/origin.ts';
import { RecordingLog } from '../harness/recording-log.ts';

/** So long that the circuit stays open for the whole test. */
const LONG = { originBreakerFailures: 3, originBreakerMs: 60_000 };
const OPENED = 'an origin fails and is left alone';

let s: EdgeScenario;
let clock: HandClock;
let log: RecordingLog;
let standby: ScriptedOrigin;
beforeEach(async () => {
  standby = await new ScriptedOrigin().start();
  clock = new HandClock();
});
afterEach(() => Promise.all([s.stop(), standby.stop()]));

async function begin(settings: Partial<Settings>, standbys: readonly string[] = []): Promise<void> {
  log = new RecordingLog();
  s = await new EdgeScenario({ settings, standbys, log, clock }).start();
}

/** The first origin hangs up on whoever asks for this. */
function hangsUp(target: string): void {
  s.origin.script(target, (_asked, response) => void response.socket?.destroy());
}

async function fail(times: number): Promise<void> {
  hangsUp('/fails');
  for (let at = 0; at < times; at += 1) await s.get('/fails');
}

async function code(target: string): Promise<[status: number, code: unknown, retryAfter: string | undefined]> {
  const { status, headers, body } = await s.get(target);
  return [status, JSON.parse(body.toString()).code, headers['retry-after']];
}

const said = (words: string) => log.lines.filter(({ says }) => says === words).length;

describe('an origin that fails again and again', () => {
  test('is left alone: viewers are told at once, with the time after which to ask again', async () => {
    await begin(LONG);
    await fail(3);
    s.origin.serve('/a', { body: 'here' });
    expect(await code('/a')).toEqual([503, 'ORIGIN_CIRCUIT_OPEN', '60']);
    expect(s.origin.count('/a')).toBe(0);
    expect(s.edge.origins).toMatchObject([{ circuit: 'open', requests: 3, failures: 3 }]);
    expect([said(OPENED), said('fill failed')]).toEqual([1, 3]);
  });

  test('is passed over for the next one', async () => {
    await begin(LONG, [standby.url]);
    standby.serve('/fails', { body: 'here' }).serve('/a', { body: 'here' });
    await fail(3);
    expect((await s.get('/a')).body.toString()).toBe('here');
    expect((await s.get('/a', { method: 'POST' })).body.toString()).toBe('here');
    expect([s.origin.count('/a'), standby.count('/a')]).toEqual([0, 2]);
  });

  test('is served around', async () => {
    await begin(LONG);
    s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1' }, body: 'kept' });
    await s.get('/a');
    await fail(3);
    clock.advance(5);
    const answer = await s.get('/a');
    expect([answer.status, answer.body.toString()]).toEqual([200, 'kept']);
    expect(answer.headers['cache-status']).toContain('detail=origin-failed');
    expect(s.origin.count('/a')).toBe(1);
  });

  test('is tried by one request when the time is over, and asked by all when that one is answered', async () => {
    await begin({ originBreakerFailures: 3, originBreakerMs: 50 });
    await fail(3);
    // Trials that fail.
    while ((s.edge.origins[0]?.failures ?? 0) < 5) await s.get('/fails');
    const held = s.origin.hold('/trial');
    const trial = await untilOneArrives('/trial', held.arrived);
    expect(await code('/a')).toEqual([503, 'ORIGIN_CIRCUIT_OPEN', '1']);
    expect(s.edge.origins[0]?.circuit).toBe('half-open');
    held.release({ body: 'well' });
    expect((await trial.answer).body.toString()).toBe('well');
    s.origin.serve('/a', { body: 'here' });
    expect((await s.get('/a')).status).toBe(200);
    expect([said(OPENED), said('an origin answers again')]).toEqual([1, 1]);
  });

  test('is tried by another when the first one leaves', async () => {
    await begin({ originBreakerFailures: 3, originBreakerMs: 50 });
    await fail(3);
    const held = s.origin.hold('/trial');
    const trial = await untilOneArrives('/trial', held.arrived);
    trial.leave();
    await held.abandoned;
    s.origin.serve('/a', { body: 'here' });
    expect((await s.get('/a')).status).toBe(200);
  });

  test('with a status only is asked as ever', async () => {
    await begin(LONG);
    s.origin.serve('/a', { status: 500 });
    for (let at = 0; at < 25; at += 1) expect((await s.get('/a')).status).toBe(500);
    expect(s.edge.origins).toMatchObject([{ circuit: 'closed', requests: 25, failures: 0 }]);
  });

  test('is asked as ever where the operator does not want it otherwise', async () => {
    await begin({ originBreakerFailures: 0 });
    await fail(25);
    expect(s.edge.origins).toMatchObject([{ circuit: 'closed', requests: 25, failures: 25 }]);
  });

  test('is no reason for a WebSocket to wait either', async () => {
    await begin(LONG);
    await fail(3);
    const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket' };
    expect((await s.get('/live', { headers: upgrade })).status).toBe(503);
  });
});

/** Asks until a request is let through; the refused ones are answered at once. */
async function untilOneArrives(target: string, arrived: Promise<unknown>) {
  for (;;) {
    const viewer = s.viewer(target);
    const outcome = await Promise.race([arrived.then(() => 'arrived'), viewer.answer.then(() => 'refused')]);
    if (outcome === 'arrived') return viewer;
  }
}

describe('health checks', () => {
  const CHECKS = { originHealthPath: '/up', originHealthIntervalMs: 50, originHealthTimeoutMs: 100 };

  async function beginChecked(settings: Partial<Settings> = {}): Promise<void> {
    await begin({ ...CHECKS, ...settings }, [standby.url]);
    for (const origin of [s.origin, standby]) {
      origin.serve('/up', { body: 'ok' }).serve('/a', { headers: { 'Cache-Control': 'no-store' }, body: origin.url });
    }
    await s.origin.until('/up', 2);
  }

  const from = async () => (await s.get('/a')).body.toString();

  test('pass over an origin that is down, and come back to it', async () => {
    await beginChecked();
    expect(await from()).toBe(s.origin.url);
    s.origin.serve('/up', { status: 503 });
    await log.until('an origin is down');
    expect(s.edge.origins.map(({ up }) => up)).toEqual([false, true]);
    expect(await from()).toBe(standby.url);
    s.origin.serve('/up', { body: 'ok' });
    await log.until('an origin is up again');
    expect(await from()).toBe(s.origin.url);
    expect([said('an origin is down'), said('an origin is up again')]).toEqual([1, 1]);
  });

  test('have all origins asked in order when all are down', async () => {
    await beginChecked();
    for (const origin of [s.origin, standby]) origin.serve('/up', { status: 500 });
    await log.until('an origin is down', 2);
    expect(await from()).toBe(s.origin.url);
    s.origin.serve('/a', { status: 500 });
    expect(await from()).toBe(standby.url);
  });

  test('take one that does not answer in time for down', async () => {
    await beginChecked({ originHealthThreshold: 1 });
    s.origin.script('/up', () => {});
    await log.until('an origin is down');
    expect(s.edge.origins[0]?.up).toBe(false);
  });

  test("bear the operator's fields", async () => {
    await beginChecked({ originHeaders: 'X-Origin-Key: k', originHostHeader: 'store.example' });
    expect(s.origin.last('/up')?.headers).toMatchObject({ 'x-origin-key': 'k', host: 'store.example' });
  });

  test('of an origin of ours are signed as everything else', async () => {
    s = new EdgeScenario({ mode: 'film', clock, settings: { originHealthPath: '/health' } });
    await s.start();
    await s.origin.until('/health', 1);
    const signature = String(s.origin.last('/health')?.headers[EDGE_SIGNATURE_HEADER]);
    expect(verifyEdge(FLEET_SECRET, 'GET', '/health', signature, clock.now())).toBe(EDGE_ID);
  });
});
