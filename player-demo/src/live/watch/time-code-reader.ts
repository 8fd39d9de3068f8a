import { CODE_BITS, CODE_ROW_SHARE, decodeTime } from '../time-code.ts';

/** Sampled in the middle of each block: its borders are blurred. */
const SAMPLES_A_BLOCK = 3;

let canvas: HTMLCanvasElement | undefined;

/** The moment that the time code in the picture on the screen stands for; undefined for pictures without one. */
export function readTimeCode(video: HTMLVideoElement, nowMs: number): number | undefined {
  const { videoWidth, videoHeight } = video;
  if (videoWidth === 0) return undefined;
  canvas ??= document.createElement('canvas');
  const width = CODE_BITS * SAMPLES_A_BLOCK;
  if (canvas.width !== width) Object.assign(canvas, { width, height: 1 });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return undefined;
  const rowHeight = videoHeight * CODE_ROW_SHARE;
  context.drawImage(video, 0, rowHeight * 0.35, videoWidth, rowHeight * 0.3, 0, 0, width, 1);
  const data = readPixels(context, width);
  if (!data) return undefined;
  const blocks = Array.from({ length: CODE_BITS }, (_, at) => data[(at * SAMPLES_A_BLOCK + 1) * 4] ?? 128);
  return decodeTime(blocks, nowMs);
}

/** A browser that plays playlists by itself may keep what it shows from the page. */
function readPixels(context: CanvasRenderingContext2D, width: number): Uint8ClampedArray | undefined {
  try {
    return context.getImageData(0, 0, width, 1).data;
  } catch {
    // The canvas has been marked, and would let nothing be read any more.
    canvas = undefined;
    return undefined;
  }
}
