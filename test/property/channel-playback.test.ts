import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Playback } from '../../src/edge/channel/playback.ts';
import { ViewerQueue } from '../../src/edge/channel/viewer-queue.ts';
import type { ChannelRendition } from '../../src/kernel/live/channel.ts';
import { type FrameHeader, parseFrameHeader, writeFrame } from '../../src/kernel/live/channel-frame.ts';
import { type MediaFrame, MediaTail } from '../../src/kernel/live/media-tail.ts';

const RENDITIONS: readonly ChannelRendition[] = (['360p', '720p', '1080p', 'audio'] as const).map((name) => ({
  ...{ name, kind: name === 'audio' ? 'audio' : 'video', codecs: '', averageBps: 1, timescale: 10 },
}));
const PARTS = 4;

/** What happens, in any order. `stall` and `read` are the viewer's; a `short` session has one rung less than the last. */
type Happening = 'part' | 'stall' | 'read' | 'event' | 'session' | 'short' | 'lose' | 'low' | 'high' | 'auto';
const WEIGHTS: readonly [Happening, number][] = [
  ['part', 30],
  ['read', 6],
  ['stall', 6],
  ['event', 8],
  ['session', 1],
  ['short', 1],
  ['lose', 2],
  ['low', 1],
  ['high', 1],
  ['auto', 1],
];
const happening = fc.oneof(...WEIGHTS.map(([name, weight]) => ({ arbitrary: fc.constant(name), weight })));

/** A broadcast as an edge gets it, and one viewer with his pace. */
class Play {
  readonly sent: (FrameHeader | string)[] = [];
  readonly #tails = new Map(RENDITIONS.map(({ name, kind }) => [name, new MediaTail(kind)] as const));
  readonly #outlet = {
    isFull: false,
    write: (bytes: Buffer) => void this.sent.push(parseFrameHeader(bytes) ?? bytes.toString()),
  };
  readonly #queue = new ViewerQueue(this.#outlet, { mediaBytes: 600, mediaMs: 3_000, eventBytes: 1e9 });
  readonly #playback: Playback;
  #attended: ReadonlySet<string> = new Set();
  /** What the viewer was told of his rendition. */
  readonly told: string[] = [];
  #nowMs = 0;
  #session = 0;
  #rungs = 3;
  #ticks = 0;
  #sequence = 0;
  #part = 0;
  events = 0;

  get session(): number {
    return this.#session;
  }

  newestPicture(): FrameHeader | undefined {
    return this.sent.filter((each) => typeof each !== 'string').findLast(({ rendition }) => rendition < 3);
  }

  constructor() {
    this.#playback = new Playback(
      {
        renditions: RENDITIONS,
        has: (name) => this.#has(name),
        tail: (name) => this.#tails.get(name),
        attend: (names) => {
          this.#attended = names;
        },
        qualityChanged: (reason) => void this.told.push(`${reason} ${this.#playback.chosen.video}`),
      },
      this.#queue,
    );
    this.#open(3);
    this.#playback.subscribe({ video: 'auto', audio: 'auto' }, 0);
  }

  do(what: Happening): void {
    this.#nowMs += 200;
    if (what === 'part') this.#publish();
    else if (what === 'lose') this.#step();
    else if (what === 'session') this.#open(3);
    else if (what === 'short') this.#open(Math.max(1, this.#rungs - 1));
    else if (what === 'stall') this.#outlet.isFull = true;
    else if (what === 'event') this.#tell();
    else if (what === 'read') this.#read();
    else this.#playback.subscribe({ video: { low: '360p', high: '1080p', auto: 'auto' }[what] }, this.#nowMs);
  }

  #read(): void {
    this.#outlet.isFull = false;
    this.#queue.drain();
  }

  #tell(): void {
    this.events += 1;
    this.#queue.pushEvent(Buffer.from(`${this.events}`));
  }

  #has(name: string): boolean {
    return RENDITIONS.some((each, at) => each.name === name && (each.kind === 'audio' || at < this.#rungs));
  }

  #open(rungs: number): void {
    this.#rungs = rungs;
    this.#session += 1;
    if (this.#session > 1) this.#playback.enterSession();
    if (this.#part > 0) this.#sequence += 1;
    this.#part = 0;
    this.#ticks = 0;
    for (const each of this.#headers('init')) this.#tails.get(each.name)?.take(each.frame);
  }

  #publish(): void {
    for (const { name, kind, frame } of this.#headers('part')) {
      const continuity = this.#tails.get(name)?.take(frame);
      if (!this.#attended.has(name)) continue;
      if (continuity === 'next') this.#playback.take(kind, name, frame, this.#nowMs);
      if (continuity === 'torn') this.#playback.torn(kind, name);
    }
    this.#step();
  }

  #step(): void {
    this.#ticks += 5;
    this.#part += 1;
    if (this.#part < PARTS) return;
    this.#part = 0;
    this.#sequence += 1;
  }

  #headers(kind: 'init' | 'part'): { name: string; kind: 'video' | 'audio'; frame: MediaFrame }[] {
    return RENDITIONS.flatMap(({ name, kind: of }, rendition) => {
      if (!this.#has(name)) return [];
      const header: FrameHeader = {
        ...{ kind, rendition, broadcast: 1, session: this.#session, timescale: 10, clockMs: 0, isDiscontinuity: false },
        isIndependent: kind === 'part' && (of === 'audio' || this.#part === 0),
        sequence: kind === 'init' ? 0 : this.#sequence,
        part: kind === 'init' ? 0 : this.#part,
        startTicks: kind === 'init' ? 0 : this.#ticks,
        durationTicks: kind === 'init' ? 0 : 5,
      };
      return [{ name, kind: of, frame: { header, bytes: Buffer.from(writeFrame(header, new Uint8Array(10))) } }];
    });
  }
}

/** Everything that is shown is decodable: after an init of its session, from a key frame, without a gap. */
function expectDecodable(video: readonly FrameHeader[]): void {
  let init: FrameHeader | undefined;
  let last: FrameHeader | undefined;
  for (const header of video) {
    if (header.kind === 'init') {
      init = header;
      last = undefined;
      continue;
    }
    expect([header.rendition, header.session]).toEqual([init?.rendition, init?.session]);
    if (!header.isIndependent) expect([header.sequence, header.part]).toEqual([last?.sequence, (last?.part ?? -9) + 1]);
    last = header;
  }
}

test('whatever the pace of a viewer, the picture can be shown and every event comes once and in order', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 300 }), (happenings) => {
      const play = new Play();
      for (const each of happenings) play.do(each);
      play.do('read');
      const media = play.sent.filter((each) => typeof each !== 'string');
      expectDecodable(media.filter(({ rendition }) => rendition < 3));
      const sound = media.filter(({ rendition }) => rendition === 3);
      for (const [at, each] of sound.entries()) {
        if (each.kind === 'part')
          expect(sound.slice(0, at).findLast(({ kind }) => kind === 'init')?.session).toBe(each.session);
      }
      const events = play.sent.filter((each) => typeof each === 'string');
      expect(events).toEqual(Array.from({ length: play.events }, (_, at) => `${at + 1}`));
      // Who reads has a picture before two segments are over, whichever rungs there are.
      for (let part = 0; part < 2 * PARTS; part += 1) {
        play.do('part');
        play.do('read');
      }
      expect(play.newestPicture()).toMatchObject({ kind: 'part', session: play.session });
    }),
    { numRuns: 300 },
  );
});

test('auto begins in the middle, goes down for a queue that keeps overflowing, and up after it was empty for long', () => {
  const play = new Play();
  const doAll = (count: number, ...happenings: Happening[]) => {
    for (let at = 0; at < count; at += 1) for (const each of happenings) play.do(each);
  };
  doAll(8, 'part');
  expect(play.told).toEqual(['started 720p']);
  for (let overflow = 0; overflow < 2; overflow += 1) {
    play.do('stall');
    doAll(14, 'part');
    play.do('read');
    doAll(4, 'part');
  }
  const [first, ...later] = play.told.filter((each) => each.startsWith('slow'));
  expect([first, new Set(later)]).toEqual(['slow 720p', new Set(['slow 360p'])]);
  expect(play.told.at(-1)).toBe('started 360p');
  doAll(120, 'part');
  expect(play.told.at(-1)).toBe('recovered 720p');
  expectDecodable(play.sent.filter((each) => typeof each !== 'string').filter(({ rendition }) => rendition < 3));
});

test('a session without the upper rungs is watched on the best that it has, and the next one as before', () => {
  const play = new Play();
  const newestRung = () => RENDITIONS[play.newestPicture()?.rendition ?? 9]?.name;
  play.do('high');
  for (let part = 0; part < 8; part += 1) play.do('part');
  expect(newestRung()).toBe('1080p');
  play.do('short');
  for (let part = 0; part < 3; part += 1) play.do('part');
  expect([newestRung(), play.newestPicture()?.session]).toEqual(['720p', 2]);
  play.do('session');
  for (let part = 0; part < 8; part += 1) play.do('part');
  expect([newestRung(), play.newestPicture()?.session]).toEqual(['1080p', 3]);
});
