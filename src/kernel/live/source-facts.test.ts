import { describe, expect, test } from 'vitest';
import { HealthMeter } from './health-meter.ts';
import { SourceClock } from './jump.ts';
import { PaceMeter } from './pace.ts';
import { readLiveSource } from './source.ts';
import { type SourcePacket, TapReader } from './tap.ts';

test('packets are read from the tap, in whatever pieces its text comes', () => {
  const text = [
    '#software: Lavf59.27.100',
    '#tb 0: 1/1000',
    '#media_type 0: video',
    '#tb 1: 1/1000',
    '#media_type 1: audio',
    '0,        -44,         23,       33,     8732, 0xff59078e',
    '0,        -10,        123,       33,     3669, 0xbd3fcf70, F=0x0',
    '1,          0,          0,       23,      258, 0x2c5b786a',
    '0, NOPTS, x',
    '',
  ].join('\n');
  const whole = new TapReader().push(text);
  const reader = new TapReader();
  expect([...text].flatMap((letter) => reader.push(letter))).toEqual(whole);
  expect(whole).toEqual([
    { kind: 'video', decodeSeconds: -0.044, showSeconds: 0.023, bytes: 8732, isKey: true },
    { kind: 'video', decodeSeconds: -0.01, showSeconds: 0.123, bytes: 3669, isKey: false },
    { kind: 'audio', decodeSeconds: 0, showSeconds: 0, bytes: 258, isKey: true },
  ]);
});

describe('a source', () => {
  test('says its rate where it has one, and none where ffprobe guesses from a clock', () => {
    const stream = { codec_type: 'video', codec_name: 'vp8', width: 640, height: 480, avg_frame_rate: '0/0' };
    expect(readLiveSource({ streams: [{ ...stream, r_frame_rate: '1000/1' }] })?.video).not.toHaveProperty(
      'framesPerSecond',
    );
    expect(readLiveSource({ streams: [{ ...stream, r_frame_rate: '30/1' }] })?.video?.framesPerSecond).toBe(30);
  });

  test('without a picture or sound is none', () => {
    for (const nothing of [undefined, {}, { streams: [] }, { streams: [{ codec_type: 'data' }] }, 'text'])
      expect(readLiveSource(nothing)).toBeUndefined();
  });
});

const video = (decodeSeconds: number, isKey = false, bytes = 2_000): SourcePacket => ({
  kind: 'video',
  decodeSeconds,
  showSeconds: decodeSeconds,
  bytes,
  isKey,
});
const sound = (decodeSeconds: number): SourcePacket => ({ ...video(decodeSeconds, true, 300), kind: 'audio' });

describe('the clock of a source', () => {
  test('may jitter, but neither jump ahead nor run back', () => {
    const clock = new SourceClock();
    expect(clock.take([video(0), sound(0.1), video(0.5), video(0.4), sound(0.2)], 0)).toBeUndefined();
    expect(clock.take([video(31)], 0)).toBe('jump');
    expect(clock.take([video(0)], 0)).toBe('jump');
  });

  test('stands still when pictures come and it does not move', () => {
    const clock = new SourceClock();
    const seen = Array.from({ length: 120 }, (_, frame) => clock.take([video(frame / 1_000)], frame * 33));
    expect(seen.filter(Boolean)[0]).toBe('still');
    expect(seen.findIndex(Boolean) * 33).toBeLessThan(4_000);
  });
});

/** A source over seconds, with what is told of it at the end of each. */
function told(seconds: number, at: (second: number) => SourcePacket[]): string[][] {
  const meter = new HealthMeter();
  return Array.from({ length: seconds }, (_, second) => {
    const packets = at(second);
    for (const [index, packet] of packets.entries()) {
      meter.take([packet], (second + index / Math.max(1, packets.length)) * 1_000);
    }
    return [
      ...meter.measure((second + 1) * 1_000, {
        speed: 1,
        droppedFrames: 0,
        isOverloaded: false,
        lacksPassthrough: false,
      }).problems,
    ];
  });
}

const frames = (second: number, count: number, bytes = 2_000, hasKey = true) =>
  Array.from({ length: count }, (_, index) => video(second + index / count, hasKey && index === 0, bytes));

describe('health', () => {
  test('has nothing to say of a steady source', () => {
    expect(told(60, (second) => [...frames(second, 30), sound(second)]).flat()).toEqual([]);
  });

  test.each<[string, (second: number) => SourcePacket[]]>([
    ['frame-rate', (second) => frames(second, second < 20 ? 30 : 10, second < 20 ? 2_000 : 6_000)],
    ['bitrate', (second) => frames(second, 30, second < 20 ? 5_000 : 500)],
    ['key-frames', (second) => frames(second, 30, 2_000, second < 20)],
    ['drift', (second) => [...frames(second, 30), sound(second < 20 ? second + 1 : second + 2)]],
    ['drift', (second) => [...frames(second, 30), sound(second < 20 ? second + 1 : second)]],
  ])('tells of %s within five seconds, and when it is over', (problem, at) => {
    const all = told(60, (second) =>
      at(second < 40 ? second : second - 40).map((packet) => shifted(packet, second < 40 ? 0 : 40)),
    );
    const first = all.findIndex((problems) => problems.includes(problem));
    expect(first).toBeGreaterThanOrEqual(20);
    // After four seconds at most: what is told has to get there.
    expect(first).toBeLessThanOrEqual(23);
    expect(all.at(-1)).not.toContain(problem);
  });

  test('tells once of a source that is good for moments in between', () => {
    const isGood = (second: number) => second < 20 || second % 9 > 3;
    const all = told(100, (second) => frames(second, isGood(second) ? 30 : 10, isGood(second) ? 2_000 : 6_000));
    const changes = all.filter((problems, index) => index > 0 && problems.join() !== all[index - 1]?.join());
    expect(changes).toEqual([['frame-rate']]);
  });
});

function shifted(packet: SourcePacket, seconds: number): SourcePacket {
  return { ...packet, decodeSeconds: packet.decodeSeconds + seconds, showSeconds: packet.showSeconds + seconds };
}

describe('an encoder', () => {
  const paceAfter = (seconds: number, speed: number, blockedShare: number) => {
    const pace = new PaceMeter();
    for (let second = 0; second <= seconds; second += 1) {
      pace.measure({ nowMs: second * 1_000, blockedMs: second * 1_000 * blockedShare, mediaSeconds: second * speed });
    }
    return pace;
  };

  test('that its source waits for is overloaded after ten seconds', () => {
    expect(paceAfter(9, 0.8, 0.9).isOverloaded).toBe(false);
    expect(paceAfter(11, 0.8, 0.9).isOverloaded).toBe(true);
    expect(paceAfter(11, 0.8, 0.9).speed).toBeCloseTo(0.8, 2);
  });

  test('is judged by the last ten seconds, however good or bad it was before', () => {
    const good = paceAfter(600, 1, 0);
    for (let second = 601; second <= 611; second += 1) {
      good.measure({ nowMs: second * 1_000, blockedMs: (second - 600) * 900, mediaSeconds: 600 + (second - 600) / 2 });
    }
    expect(good.isOverloaded).toBe(true);
    expect(good.speed).toBeCloseTo(0.5, 2);
    const bad = paceAfter(600, 0.5, 0.9);
    for (let second = 601; second <= 611; second += 1) {
      bad.measure({ nowMs: second * 1_000, blockedMs: 540_000, mediaSeconds: second - 300 });
    }
    expect([bad.isOverloaded, bad.speed]).toEqual([false, 1]);
  });

  test('that gives out nothing any more hangs, and one that gives out little does not', () => {
    const hung = paceAfter(20, 0.9, 0.9);
    for (let second = 21; second <= 25; second += 1) {
      expect(hung.isHanging).toBe(false);
      hung.measure({ nowMs: second * 1_000, blockedMs: second * 900, mediaSeconds: 18.9 });
    }
    expect(hung.isHanging).toBe(true);
    expect(paceAfter(26, 0.1, 0.9).isHanging).toBe(false);
  });

  test('that waits for its source is not, however little comes', () => {
    expect(paceAfter(30, 0.5, 0.1).isOverloaded).toBe(false);
  });
});
