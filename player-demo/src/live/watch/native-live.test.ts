import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { NativeLive, type NativeLiveOptions } from './native-live.ts';
import type { Range } from './ranges.ts';

const START_DATE_MS = 1_790_000_000_000;

/** Plays a window of which it says what it has read last. */
class FakeVideo extends EventTarget {
  src = '';
  crossOrigin = 'anonymous';
  currentTime = 0;
  duration = Number.POSITIVE_INFINITY;
  readyState = 0;
  playbackRate = 1;
  paused = false;
  ended = false;
  error: { code: number } | undefined;
  window: Range | undefined;
  readonly buffered = { length: 0 };
  readonly getStartDate = () => new Date(START_DATE_MS);

  get seekable() {
    const { window } = this;
    return { length: window ? 1 : 0, start: () => window?.[0], end: () => window?.[1] };
  }

  async play(): Promise<void> {
    this.paused = false;
  }

  removeAttribute(): void {
    this.src = '';
  }

  load(): void {}

  /** Has a first picture, there where the browser begins. */
  begin(window: Range | undefined, at: number): void {
    this.window = window;
    this.currentTime = at;
    this.readyState = 4;
    this.dispatchEvent(new Event('loadeddata'));
  }
}

let video: FakeVideo;
let broken: string[];
let engine: NativeLive;
let isOnAir: boolean;

function start(more: Partial<NativeLiveOptions> = {}): void {
  const options = { url: 'u', withCredentials: false, behindSeconds: 0, clockAheadMs: () => 0, isOnAir: () => isOnAir };
  const listener = { onLevels: () => {}, onQuality: () => {}, onBroken: (code: string) => void broken.push(code) };
  engine = new NativeLive(video as unknown as HTMLVideoElement, { ...options, ...more }, listener);
  engine.start();
}

beforeEach(() => {
  vi.useFakeTimers();
  video = new FakeVideo();
  broken = [];
  isOnAir = true;
});
afterEach(() => {
  engine.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('the place in the window', () => {
  test('is live where the browser began, and stays so while the playlist is not read again', () => {
    start();
    video.begin([0, 60], 57);
    expect(engine.read()).toMatchObject({ behindSeconds: 0, windowSeconds: 57 });
    vi.advanceTimersByTime(1_500);
    video.currentTime = 58.5;
    expect(engine.read()).toMatchObject({ behindSeconds: 0, windowSeconds: 58.5 });
    video.window = [2, 62];
    vi.advanceTimersByTime(500);
    expect(engine.read()).toMatchObject({ behindSeconds: 0.5, windowSeconds: 57 });
  });

  test('falls behind while the picture is held, and is live again by a wish', () => {
    start();
    video.begin([0, 60], 57);
    video.paused = true;
    vi.advanceTimersByTime(10_000);
    video.window = [0, 70];
    expect(engine.read().behindSeconds).toBeCloseTo(10);
    engine.goLive();
    expect(video).toMatchObject({ paused: false, currentTime: 67 });
    expect(engine.read().behindSeconds).toBe(0);
  });

  test('is never outside of what the browser can seek', () => {
    start();
    video.begin([10, 60], 57);
    engine.seekBehind(30);
    expect(video.currentTime).toBe(27);
    engine.seekBehind(300);
    expect(video.currentTime).toBe(10);
    vi.advanceTimersByTime(20_000);
    engine.seekBehind(0);
    expect(video.currentTime).toBe(59.7);
  });

  test('is unknown where the browser lets nobody seek, and a seek does nothing', () => {
    start();
    video.begin(undefined, 3);
    expect(engine.read()).toEqual(expect.not.objectContaining({ behindSeconds: expect.anything() }));
    expect(engine.read().windowSeconds).toBe(0);
    engine.seekBehind(30);
    expect(video.currentTime).toBe(3);
  });

  test('of a broadcast that is over is counted from its end', () => {
    start();
    video.begin([0, 60], 57);
    video.duration = 60;
    vi.advanceTimersByTime(30_000);
    expect(engine.read()).toMatchObject({ behindSeconds: 3, windowSeconds: 60 });
  });
});

describe('the beginning', () => {
  test('is moved to the edge where the browser begins far behind it', () => {
    start();
    video.begin([0, 60], 0);
    expect(video.currentTime).toBe(57);
  });

  test('of a broadcast that is over is left where it is', () => {
    start();
    video.duration = 60;
    video.begin([0, 60], 0);
    expect(video.currentTime).toBe(0);
  });

  test('is in the past where that is asked for', () => {
    start({ behindSeconds: 20 });
    video.begin([0, 60], 57);
    expect(video.currentTime).toBe(37);
  });

  test('takes cookies along for a grant in cookies, and gives the element back as it was', () => {
    start({ withCredentials: true });
    expect(video).toMatchObject({ src: 'u', crossOrigin: 'use-credentials' });
    engine.stop();
    expect(video).toMatchObject({ src: '', crossOrigin: 'anonymous' });
  });
});

test('the delay is that of the date which the playlist gives, by the clock of the server', () => {
  vi.setSystemTime(START_DATE_MS + 62_000);
  start({ clockAheadMs: () => 500 });
  video.begin([0, 60], 57);
  expect(engine.read().latencySeconds).toBeCloseTo(5.5);
});

describe('a picture that stands', () => {
  const stand = () => vi.advanceTimersByTime(13_000);

  test('while the broadcast is on air is given up, also where the browser took that for the end', () => {
    start();
    video.begin([0, 60], 57);
    Object.assign(video, { paused: true, ended: true });
    stand();
    expect(broken).toEqual(['MEDIA_SILENT']);
  });

  test.each([
    ['because somebody paused it', true, true],
    ['because the publisher is away', false, false],
  ])('%s is left alone', (_, paused, isThere) => {
    start();
    video.begin([0, 60], 57);
    video.paused = paused;
    isOnAir = isThere;
    stand();
    expect(broken).toEqual([]);
  });
});

test('what the browser cannot play is told', () => {
  start();
  video.error = { code: 4 };
  video.dispatchEvent(new Event('error'));
  expect(broken).toEqual(['NATIVE_4']);
});
