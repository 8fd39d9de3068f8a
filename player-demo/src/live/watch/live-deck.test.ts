import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type EngineOrder, LiveDeck, type Screens } from './live-deck.ts';
import { type LiveEngine, NO_READING } from './live-engine.ts';

class FakeVideo extends EventTarget {
  currentTime = 0;
  seeking = false;
  muted = false;
  volume = 1;
  isRefused = false;

  async play(): Promise<void> {
    if (this.isRefused && !this.muted) throw Object.assign(new Error('no'), { name: 'NotAllowedError' });
    this.dispatchEvent(new Event('playing'));
  }

  /** Has shown pictures for so long. */
  move(seconds: number): void {
    this.dispatchEvent(new Event('timeupdate'));
    this.currentTime += seconds;
    this.dispatchEvent(new Event('timeupdate'));
  }
}

class FakeEngine implements LiveEngine {
  readonly order: EngineOrder;
  state: 'made' | 'started' | 'stopped' = 'made';

  constructor(order: EngineOrder) {
    this.order = order;
  }

  start(): void {
    this.state = 'started';
  }

  stop(): void {
    this.state = 'stopped';
  }

  read = () => NO_READING;
  seekBehind = () => {};
  goLive = () => {};
  choose = () => {};
}

let engines: FakeEngine[];
let videos: readonly [FakeVideo, FakeVideo];
let shown: FakeVideo;
let deck: LiveDeck;
const settle = () => vi.advanceTimersByTimeAsync(0);
const states = () => engines.map(({ order, state }) => `${order.delivery} ${state}`);

beforeEach(async () => {
  vi.useFakeTimers();
  engines = [];
  videos = [new FakeVideo(), new FakeVideo()];
  [shown] = videos;
  const screens = {
    pair: videos,
    shown: () => shown,
    show: (video: unknown) => {
      shown = video as FakeVideo;
    },
  } as unknown as Screens;
  const make = async (order: EngineOrder) => {
    await Promise.resolve();
    if (!order.isWanted()) return undefined;
    const engine = new FakeEngine(order);
    engines.push(engine);
    return engine;
  };
  deck = new LiveDeck(screens, make, 'channel');
  await settle();
});
afterEach(() => {
  deck.stop();
  expect(engines.filter(({ state }) => state === 'started')).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('another delivery', () => {
  test('begins behind the one that plays, and comes to the front with a picture that moves', async () => {
    videos[0].volume = 0.4;
    deck.deliver('ll-hls');
    await settle();
    expect(states()).toEqual(['channel started', 'll-hls started']);
    expect(videos[1].muted).toBe(true);
    expect(shown).toBe(videos[0]);
    expect(deck.playback.value).toMatchObject({ delivery: 'channel', wanted: 'll-hls' });
    videos[1].move(0.2);
    expect(states()).toEqual(['channel stopped', 'll-hls started']);
    expect(shown).toBe(videos[1]);
    expect(videos[1]).toMatchObject({ muted: false, volume: 0.4 });
    expect(deck.playback.value).toMatchObject({ delivery: 'll-hls', wanted: 'll-hls', state: 'playing' });
  });

  test('that goes back is not shown before it has done so', async () => {
    deck.seekBehind(30);
    await settle();
    expect(engines[1]?.order).toMatchObject({ delivery: 'll-hls', behindSeconds: 30 });
    videos[1].seeking = true;
    videos[1].move(0.2);
    expect(shown).toBe(videos[0]);
    videos[1].seeking = false;
    videos[1].move(0.2);
    expect(shown).toBe(videos[1]);
  });

  test('that is taken back before it has come leaves what plays alone', async () => {
    deck.deliver('ll-hls');
    await settle();
    deck.deliver('channel');
    await settle();
    expect(states()).toEqual(['channel started', 'll-hls stopped']);
    videos[1].move(0.2);
    expect(shown).toBe(videos[0]);
  });

  test('of which only the last is wanted begins once', async () => {
    deck.deliver('ll-hls');
    deck.deliver('hls');
    await settle();
    expect(states()).toEqual(['channel started', 'hls started']);
  });

  test('is without sound where the browser lets none be heard', async () => {
    videos[1].isRefused = true;
    deck.deliver('ll-hls');
    await settle();
    videos[1].move(0.2);
    await settle();
    expect(videos[1].muted).toBe(true);
  });
});

describe('an engine that cannot go on', () => {
  test('is made again, and left for the playlist after the third time', async () => {
    for (const at of [0, 1]) {
      engines[at]?.order.listener.onBroken('MEDIA_SILENT');
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(states()).toEqual(['channel stopped', 'channel stopped', 'channel started']);
    engines[2]?.order.listener.onBroken('MEDIA_SILENT');
    await settle();
    expect(states().slice(2)).toEqual(['channel started', 'll-hls started']);
    videos[1].move(0.2);
    expect(states().slice(2)).toEqual(['channel stopped', 'll-hls started']);
  });

  test('of a channel that is closed for good is left at once', async () => {
    engines[0]?.order.listener.onBroken('CHANNEL_CLOSED');
    await settle();
    expect(states()).toEqual(['channel started', 'll-hls started']);
  });

  test('of the playlist comes again after a pause that grows', async () => {
    deck.deliver('ll-hls');
    await settle();
    videos[1].move(0.2);
    videos[1].play = async () => {};
    engines[1]?.order.listener.onBroken('manifestIncompatibleCodecsError');
    await settle();
    expect(engines).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(engines).toHaveLength(3);
    engines[2]?.order.listener.onBroken('manifestIncompatibleCodecsError');
    await vi.advanceTimersByTimeAsync(600);
    expect(engines).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(engines).toHaveLength(4);
  });

  test('of a viewer who has paused does not begin to play', async () => {
    videos[0].dispatchEvent(new Event('pause'));
    const played = vi.spyOn(videos[0], 'play');
    engines[0]?.order.listener.onBroken('QuotaExceededError');
    await vi.advanceTimersByTimeAsync(1);
    expect(states()).toEqual(['channel stopped', 'channel started']);
    expect(played).not.toHaveBeenCalled();
    expect(deck.playback.value.state).toBe('paused');
  });
});

test('a deck that is stopped while an address is asked for makes nothing of it', async () => {
  deck.deliver('ll-hls');
  deck.stop();
  await settle();
  expect(states()).toEqual(['channel stopped']);
});
