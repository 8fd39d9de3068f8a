import { readInit } from '../kernel/cmaf/init.ts';
import { readSegment } from '../kernel/cmaf/segment.ts';
import { type Fragment, FragmentSplitter } from '../kernel/cmaf/splitter.ts';
import { mergeAudioFragments, writeSegment } from '../kernel/cmaf/write.ts';
import { Fault } from '../kernel/errors.ts';
import { AAC_FRAME, audioFrameAt, type Film, frameTicks, segmentTiming } from '../kernel/film/film.ts';

/** Where the lane's output goes. Each call resolves when the bytes are safe. */
export interface LaneSink {
  init(rendition: string, bytes: Uint8Array): Promise<void>;
  segment(rendition: string, index: number, bytes: Uint8Array): Promise<void>;
}

/**
 * One rendition of one chunk: takes what the encoder writes, cuts it into segments, and checks each against the film's
 * grid before it is let out. An encoder that exits with 0 has proved nothing.
 */
export class SegmentLane {
  readonly #film: Film;
  readonly #rendition: string;
  readonly #codecs: string;
  readonly #sink: LaneSink;
  readonly #splitter = new FragmentSplitter();
  readonly #isAudio: boolean;
  #next: number;
  #frames: Fragment[] = [];
  #short: { readonly samples: number; readonly bytes: Uint8Array } | undefined;
  #begun = false;

  constructor(film: Film, rendition: string, firstSegment: number, sink: LaneSink) {
    const audio = film.audio?.renditions.find((each) => each.name === rendition);
    const video = film.video?.renditions.find((each) => each.name === rendition);
    this.#film = film;
    this.#rendition = rendition;
    this.#codecs = (audio ?? video)?.codecs ?? '';
    this.#isAudio = audio !== undefined;
    this.#next = firstSegment;
    this.#sink = sink;
  }

  get rendition(): string {
    return this.#rendition;
  }

  /** The segment that comes next: one after the last that was published. */
  get nextSegment(): number {
    return this.#next;
  }

  /** Samples in a last segment that came out shorter than planned and is held back; 0 when there is none. */
  get shortSamples(): number {
    return this.#short?.samples ?? 0;
  }

  /** Reads the encoder's output to its end, publishing as it goes. */
  async take(stream: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const bytes of stream) {
      for (const piece of this.#splitter.push(bytes)) {
        if (piece.kind === 'init') await this.#takeInit(piece.bytes);
        else if (this.#isAudio) await this.#takeAudio(piece.fragment);
        else await this.#takeVideo(piece.fragment);
      }
    }
  }

  /** Publishes the short segment, once it is settled that the film ends there. */
  async publishShort(): Promise<void> {
    const short = this.#short;
    this.#short = undefined;
    if (short) await this.#publish(short.bytes);
  }

  async #takeInit(bytes: Uint8Array): Promise<void> {
    const facts = readInit(bytes);
    const timescale = this.#isAudio ? this.#film.audio?.sampleRate : this.#film.video?.timescale;
    if (facts?.codecs !== this.#codecs || facts.timescale !== timescale) {
      throw this.#wrong('init', { codecs: facts?.codecs, timescale: facts?.timescale });
    }
    this.#begun = true;
    await this.#sink.init(this.#rendition, bytes);
  }

  async #takeVideo(fragment: Fragment): Promise<void> {
    const facts = readSegment(fragment.moof);
    const timing = segmentTiming(this.#film, this.#rendition, this.#next);
    const { video } = this.#film;
    if (!facts || !timing || !video || !this.#begun || this.#short) throw this.#wrong('order', {});
    const { startTicks, durationTicks, sampleCount, startsWithSync } = facts;
    if (startTicks !== timing.startTicks || !startsWithSync || durationTicks !== sampleCount * frameTicks(video)) {
      throw this.#wrong('grid', { startTicks, planned: timing.startTicks, startsWithSync, durationTicks, sampleCount });
    }
    if (durationTicks > timing.durationTicks) throw this.#wrong('length', { durationTicks });
    const bytes = writeSegment(fragment);
    if (durationTicks === timing.durationTicks) await this.#publish(bytes);
    else this.#short = { samples: sampleCount, bytes };
  }

  async #takeAudio(fragment: Fragment): Promise<void> {
    this.#frames.push(fragment);
    const wanted = audioFrameAt(this.#film, this.#next + 1) - audioFrameAt(this.#film, this.#next);
    if (this.#frames.length < wanted) return;
    const bytes = mergeAudioFragments(this.#frames, this.#next + 1);
    this.#frames = [];
    const facts = bytes && readSegment(bytes);
    const timing = segmentTiming(this.#film, this.#rendition, this.#next);
    if (!facts || !timing || facts.startTicks !== timing.startTicks || facts.durationTicks !== wanted * AAC_FRAME) {
      throw this.#wrong('grid', { startTicks: facts?.startTicks, planned: timing?.startTicks, wanted });
    }
    await this.#publish(bytes);
  }

  async #publish(bytes: Uint8Array): Promise<void> {
    await this.#sink.segment(this.#rendition, this.#next, bytes);
    this.#next += 1;
  }

  #wrong(what: string, detail: object): Fault {
    return new Fault('ENCODE_FAILED', {
      says: 'The encoder gave up on this film: a segment did not come out as planned.',
      detail: { rendition: this.#rendition, segment: this.#next, what, ...detail },
    });
  }
}
