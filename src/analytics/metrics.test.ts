import { expect, test } from 'vitest';
import { Metrics } from './metrics.ts';

test('what is counted, observed and read stands on the page', async () => {
  const metrics = new Metrics();
  metrics.count('edge_requests', { verdict: 'hit', status: 200 });
  metrics.count('edge_requests', { verdict: 'hit', status: 200 }, 4);
  metrics.histogram('edge_first_byte_seconds', { verdict: 'hit' })(0.0004);
  metrics.gauge('jobs_waiting', () => 7);
  const page = await metrics.text();
  expect(page).toContain('frontrow_edge_requests_total{verdict="hit",status="200"} 5');
  expect(page).toContain('frontrow_edge_first_byte_seconds_bucket{le="0.0005",verdict="hit"} 1');
  expect(page).toContain('frontrow_jobs_waiting 7');
});

test('a number that cannot be read is none, and the page stands', async () => {
  const metrics = new Metrics();
  metrics.gauge('jobs_waiting', () => Promise.reject(new Error('the database is away')));
  metrics.gauge('edge_cache_bytes', () => 5);
  const page = await metrics.text();
  expect(page).toMatch(/^frontrow_jobs_waiting nan$/im);
  expect(page).toContain('frontrow_edge_cache_bytes 5');
});

test('a gauge with labels has a line for each of them', async () => {
  const metrics = new Metrics();
  metrics.gauges('edge_origin_up', () => [
    [{ origin: 'a:1' }, 1],
    [{ origin: 'b:1' }, 0],
  ]);
  const page = await metrics.text();
  expect(page).toContain('frontrow_edge_origin_up{origin="a:1"} 1');
  expect(page).toContain('frontrow_edge_origin_up{origin="b:1"} 0');
});

test('a gauge has no line for what is no longer there', async () => {
  const metrics = new Metrics();
  let streams = ['ls_a', 'ls_b'];
  metrics.gauges('live_encoder_speed', () => streams.map((stream) => [{ stream }, 1]));
  await metrics.text();
  streams = ['ls_b'];
  const page = await metrics.text();
  expect(page).toContain('frontrow_live_encoder_speed{stream="ls_b"} 1');
  expect(page).not.toContain('ls_a');
});

test("two processes' worth of numbers in one test run do not meet", async () => {
  const [one, other] = [new Metrics(), new Metrics()];
  one.count('sources', { outcome: 'stored' });
  expect(await other.text()).not.toContain('outcome="stored"');
});

test('a number that is counted elsewhere is on every page as it stands', async () => {
  const metrics = new Metrics();
  let hits = 3;
  metrics.tally('edge_tier_hits', { tier: 'disk' }, () => hits);
  await metrics.text();
  hits = 5;
  expect(await metrics.text()).toContain('frontrow_edge_tier_hits_total{tier="disk"} 5');
});

test('what one series counts is on every page once', async () => {
  const metrics = new Metrics();
  const count = metrics.counter('edge_bytes', { verdict: 'hit' });
  count(3);
  await metrics.text();
  count(4);
  await metrics.text();
  expect(await metrics.text()).toContain('frontrow_edge_bytes_total{verdict="hit"} 7');
});
