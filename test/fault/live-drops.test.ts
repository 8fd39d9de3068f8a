import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { renditionsOf } from '../../src/kernel/live/broadcast.ts';
import { StagedBroadcast } from '../harness/staged-broadcast.ts';
import { checkSuccession, readStrict, type StrictPlaylist } from '../harness/strict-playlist.ts';

let stage: StagedBroadcast | undefined;

afterEach(() => stage?.close());

/** Follows every rendition as a client that forgives nothing. */
class Follower {
  readonly #live: StagedBroadcast;
  readonly #last = new Map<string, StrictPlaylist>();
  readonly #timer: NodeJS.Timeout;
  broken: unknown;

  constructor(live: StagedBroadcast) {
    this.#live = live;
    this.#timer = setInterval(() => this.#look(), 20);
  }

  stop(): readonly StrictPlaylist[] {
    clearInterval(this.#timer);
    this.#look();
    return [...this.#last.values()];
  }

  #look(): void {
    try {
      for (const { name } of renditionsOf(this.#live.format)) this.#reload(name);
    } catch (cause) {
      this.broken ??= cause;
    }
  }

  #reload(name: string): void {
    const text = this.#live.playlist(name);
    const before = this.#last.get(name);
    if (text === undefined || text === before?.text) return;
    const playlist = readStrict(text);
    if (before) checkSuccession(before, playlist);
    this.#last.set(name, playlist);
  }
}

/** Each publisher's time in milliseconds, how long nobody comes after it, and whether somebody stands by. */
const CUTS = fc.array(fc.record({ lastsMs: fc.nat(2_000), pauseMs: fc.nat(300), hasBackup: fc.boolean() }), {
  minLength: 5,
  maxLength: 5,
});

test('publishers may drop at any moment: the next one goes on with the numbers, and no promise is broken', async () => {
  const [cuts = []] = fc.sample(CUTS, 1);
  const live = await StagedBroadcast.open();
  stage = live;
  const first = live.publish();
  await live.until('the first part', () => live.parts[0]);
  const follower = new Follower(live);
  await first.kill();
  for (const { lastsMs, pauseMs, hasBackup } of cuts) {
    const publishers = [live.publish(), ...(hasBackup ? [live.publish()] : [])];
    await pause(lastsMs);
    for (const publisher of publishers) await publisher.kill();
    await pause(pauseMs);
  }
  const sessions = live.beganAtMs.size;
  live.publish();
  const renditions = renditionsOf(live.format);
  const isWell = ({ name }: { name: string }) => live.partsOf(live.beganAtMs.size, name).length > 8;
  await live.until('a good one', () => live.beganAtMs.size > sessions && renditions.every(isWell));
  const playlists = follower.stop();
  expect({ cuts, broken: follower.broken }).toEqual({ cuts, broken: undefined });
  expect(playlists).toHaveLength(renditions.length);
  for (const { segments } of playlists) {
    expect(segments.map(({ sequence }) => sequence)).toEqual(segments.map((_, index) => index));
  }
  expect(live.told).not.toContain('ended');
}, 60_000);
