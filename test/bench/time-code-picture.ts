import type { Writable } from 'node:stream';
import { CODE_BITS, CODE_ROW_SHARE, encodeTime } from '../../player-demo/src/live/time-code.ts';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
}

/** For ffmpeg: what `paintTimeCode` writes. */
export function rawInput({ width, height, framesPerSecond }: PictureSize): string[] {
  return [
    ...['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-video_size', `${width}x${height}`],
    ...['-framerate', `${framesPerSecond}`, '-i', 'pipe:0'],
  ];
}

/** Paints the wall clock into frames, each at its time, until told to stop. A reader that falls behind misses frames. */
export function paintTimeCode(out: Writable, size: PictureSize): { stop(): void } {
  const frame = background(size);
  const startedAt = performance.now();
  let painted = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * size.framesPerSecond);
    // A timer that came late makes up for it: the encoder counts frames, and would run behind the clock for ever.
    for (; painted <= due; painted++) if (!out.writableNeedDrain) out.write(withTimeCode(frame, size, painted));
  }, 5);
  return {
    stop: () => {
      clearInterval(timer);
      out.end();
    },
  };
}

/** Grey, with a ramp that gives an encoder something to do. */
function background({ width, height }: PictureSize): Buffer {
  const frame = Buffer.alloc((width * height * 3) / 2, 128);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) frame[y * width + x] = 60 + ((x + y) % 120);
  return frame;
}

function withTimeCode(template: Buffer, { width, height }: PictureSize, count: number): Buffer {
  const frame = Buffer.from(template);
  const rows = Math.round(height * CODE_ROW_SHARE);
  for (const [at, white] of encodeTime(Date.now()).entries()) {
    const [from, to] = [Math.round((at * width) / CODE_BITS), Math.round(((at + 1) * width) / CODE_BITS)];
    for (let y = 0; y < rows; y++) frame.fill(white ? 235 : 16, y * width + from, y * width + to);
  }
  // Something that moves.
  const left = (count * 4) % (width - 48);
  for (let y = rows + 20; y < rows + 68; y++) frame.fill(200, y * width + left, y * width + left + 48);
  return frame;
}
