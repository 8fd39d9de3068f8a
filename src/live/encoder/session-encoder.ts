import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Bounds } from '../../ffmpeg/confinement.ts';
import { type StreamingFfmpeg, streamFfmpeg } from '../../ffmpeg/streaming.ts';
import { readFragmentSamples } from '../../kernel/cmaf/segment.ts';
import { type Fragment, FragmentSplitter } from '../../kernel/cmaf/splitter.ts';
import { type SourcePacket, TapReader } from '../../kernel/live/tap.ts';
import { type EncodeOrder, encodeCommand } from './command.ts';

/** What comes out of an encoder, as it comes. */
export interface EncoderSink {
  init(rendition: string, bytes: Uint8Array): void;
  fragment(rendition: string, fragment: Fragment): void;
  packets(packets: readonly SourcePacket[]): void;
  /** Pictures of the source that came too close upon one another to be encoded, in all. */
  dropped(frames: number): void;
}

/** A live encoder holds few pictures; what takes more than this is an attack. It writes no file. */
const BOUNDS: Bounds = { memoryBytes: 4 * 1024 ** 3, fileBytes: 0 };

/** One ffmpeg, for one session: the source's bytes in, fragments of every rendition out. */
export class SessionEncoder {
  readonly #order: EncodeOrder;
  readonly #sink: EncoderSink;
  #process: StreamingFfmpeg | undefined;
  #isSilenced = false;

  private constructor(order: EncodeOrder, sink: EncoderSink) {
    this.#order = order;
    this.#sink = sink;
  }

  static async start(order: EncodeOrder, sink: EncoderSink): Promise<SessionEncoder> {
    const encoder = new SessionEncoder(order, sink);
    await encoder.#start();
    return encoder;
  }

  get input(): Writable {
    return this.#running.input;
  }

  get pid(): number | undefined {
    return this.#running.pid;
  }

  /** Its last words, when it is over and everything that came out of it was handed on. */
  get ended(): Promise<string> {
    return this.#running.ended;
  }

  /** No source any more: what is under way still comes out. */
  finish(): void {
    this.input.end();
  }

  /** Ends it now; nothing comes out of it any more. */
  kill(): void {
    this.#isSilenced = true;
    this.#running.kill();
  }

  get #running(): StreamingFfmpeg {
    if (!this.#process) throw new Error('an encoder that was not started');
    return this.#process;
  }

  async #start(): Promise<void> {
    const { args, renditions } = encodeCommand(this.#order);
    const process = await streamFfmpeg(args, renditions.length + 2, BOUNDS);
    this.#process = process;
    const gate = this.#silenceGate(renditions);
    const pictures = renditions.filter((name) => !gate?.isSound(name));
    for (const [index, rendition] of renditions.entries()) {
      this.#readRendition(rendition, process.outputs[index], gate);
    }
    this.#readTap(process.outputs[renditions.length]);
    this.#readProgress(process.outputs[renditions.length + 1]);
    if (gate) endWith(process, process.outputs.slice(0, pictures.length));
  }

  #silenceGate(renditions: readonly string[]): SilenceGate | undefined {
    const { source, format } = this.#order;
    if (source.audio || !format.video || !format.audio) return undefined;
    const sounds = format.audio.renditions.map(({ name }) => name).filter((name) => renditions.includes(name));
    return new SilenceGate(sounds, format.audio.sampleRate / format.video.timescale);
  }

  #readRendition(rendition: string, output: Readable | undefined, gate: SilenceGate | undefined): void {
    const splitter = new FragmentSplitter();
    output?.on('data', (bytes: Uint8Array) => {
      if (this.#isSilenced) return;
      try {
        for (const piece of splitter.push(bytes)) {
          if (piece.kind === 'init') this.#sink.init(rendition, piece.bytes);
          else if (!gate) this.#sink.fragment(rendition, piece.fragment);
          else gate.take(rendition, piece.fragment, output, (name, fragment) => this.#sink.fragment(name, fragment));
        }
      } catch (cause) {
        // No encoder of ours writes such boxes: what follows has no meaning.
        if (!(cause instanceof RangeError)) throw cause;
        this.kill();
      }
    });
  }

  #readTap(output: Readable | undefined): void {
    const reader = new TapReader();
    output?.setEncoding('utf8').on('data', (text: string) => {
      const packets = reader.push(text);
      if (packets.length > 0 && !this.#isSilenced) this.#sink.packets(packets);
    });
  }

  #readProgress(output: Readable | undefined): void {
    if (!output) return;
    createInterface({ input: output }).on('line', (line) => {
      const [, frames] = /^drop_frames=(\d+)$/.exec(line) ?? [];
      if (frames !== undefined && !this.#isSilenced) this.#sink.dropped(Number(frames));
    });
  }
}

/** Silence has no end of its own. */
function endWith(process: StreamingFfmpeg, pictures: readonly Readable[]): void {
  let open = pictures.length;
  for (const output of pictures) {
    output.once('close', () => {
      open -= 1;
      if (open === 0) process.kill();
    });
  }
}

/** Fragments of silence that wait; more than ffmpeg makes ahead while pictures come. */
const MOST_WAITING = 100;

/** Lets silence through as far as the pictures have come. It is made without a source, so nothing else holds it back. */
class SilenceGate {
  readonly #sounds: readonly string[];
  readonly #soundTicksPerPictureTick: number;
  readonly #waiting: { readonly rendition: string; readonly fragment: Fragment; readonly endTicks: number }[] = [];
  #paused: Readable | undefined;
  #reachedTicks = 0;

  constructor(sounds: readonly string[], soundTicksPerPictureTick: number) {
    this.#sounds = sounds;
    this.#soundTicksPerPictureTick = soundTicksPerPictureTick;
  }

  isSound(rendition: string): boolean {
    return this.#sounds.includes(rendition);
  }

  take(
    rendition: string,
    fragment: Fragment,
    output: Readable,
    pass: (name: string, fragment: Fragment) => void,
  ): void {
    const endTicks = endOf(fragment);
    if (this.isSound(rendition)) {
      this.#waiting.push({ rendition, fragment, endTicks });
      if (this.#waiting.length > MOST_WAITING) this.#paused = output.pause();
    } else {
      pass(rendition, fragment);
      this.#reachedTicks = Math.max(this.#reachedTicks, endTicks * this.#soundTicksPerPictureTick);
    }
    while (this.#waiting[0] && this.#waiting[0].endTicks <= this.#reachedTicks) {
      const next = this.#waiting.shift();
      if (next) pass(next.rendition, next.fragment);
    }
    if (this.#waiting.length <= MOST_WAITING) this.#paused?.resume();
  }
}

function endOf({ moof }: Fragment): number {
  const read = readFragmentSamples(moof);
  return read ? read.startTicks + read.samples.reduce((sum, { durationTicks }) => sum + durationTicks, 0) : 0;
}
