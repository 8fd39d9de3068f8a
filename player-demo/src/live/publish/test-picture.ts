import { CODE_BITS, CODE_ROW_SHARE, encodeTime } from '../time-code.ts';

const WIDTH = 1280;
const HEIGHT = 720;
const FRAMES_PER_SECOND = 25;
const BARS = ['#c0c0c0', '#c0c000', '#00c0c0', '#00c000', '#c000c0', '#c00000', '#0000c0'] as const;
const BEEP_HZ = 1_000;
const BEEP_SECONDS = 0.08;

export interface Picture {
  readonly stream: MediaStream;
  stop(): void;
}

/**
 * Bars, a clock, a hand that goes round once a second and a beep when it passes the top: what is on the screen says by
 * itself whether frames are missing and whether sound and picture are together. Its top row is a time code for machines.
 */
export async function startTestPicture(): Promise<Picture> {
  const canvas = Object.assign(document.createElement('canvas'), { width: WIDTH, height: HEIGHT });
  // The picture is read by an encoder, frame after frame, and drawn by nobody's graphics card.
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (!context) throw new Error('This browser has no canvas to draw a test picture on.');
  const paint = () => draw(context, Date.now());
  paint();
  const video = canvas.captureStream(FRAMES_PER_SECOND);
  const ticker = startTicker(paint);
  const sound = startBeeps();
  await sound.context.resume();
  return {
    stream: new MediaStream([...video.getVideoTracks(), ...sound.tracks]),
    stop: () => {
      ticker.terminate();
      void sound.context.close();
      for (const track of [...video.getTracks(), ...sound.tracks]) track.stop();
    },
  };
}

/** A worker's clock: pages in the background have theirs slowed down to one beat a second. */
function startTicker(tick: () => void): Worker {
  const worker = new Worker(new URL('./ticker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = tick;
  worker.postMessage(1_000 / FRAMES_PER_SECOND);
  return worker;
}

function draw(context: CanvasRenderingContext2D, nowMs: number): void {
  const barsTop = HEIGHT * CODE_ROW_SHARE;
  drawCode(context, nowMs, barsTop);
  const barWidth = WIDTH / BARS.length;
  for (const [at, colour] of BARS.entries()) {
    context.fillStyle = colour;
    context.fillRect(Math.floor(at * barWidth), barsTop, Math.ceil(barWidth), HEIGHT - barsTop);
  }
  context.fillStyle = '#14110f';
  context.fillRect(WIDTH / 2 - 330, 200, 660, 330);
  drawHand(context, nowMs);
  drawClock(context, nowMs);
}

function drawCode(context: CanvasRenderingContext2D, nowMs: number, height: number): void {
  const width = WIDTH / CODE_BITS;
  for (const [at, white] of encodeTime(nowMs).entries()) {
    context.fillStyle = white ? '#fff' : '#000';
    context.fillRect(at * width, 0, width, height);
  }
}

function drawClock(context: CanvasRenderingContext2D, nowMs: number): void {
  const time = new Date(nowMs).toISOString();
  context.textAlign = 'left';
  context.fillStyle = '#f7f3ee';
  context.font = '600 62px ui-monospace, Menlo, Consolas, monospace';
  context.fillText(time.slice(11, 22), WIDTH / 2 - 110, 372);
  context.fillStyle = '#b9b1a8';
  context.font = '500 27px ui-sans-serif, system-ui, sans-serif';
  context.fillText(`${time.slice(0, 10)} · UTC`, WIDTH / 2 - 106, 422);
  context.fillStyle = '#ff6a33';
  context.fillText('Frontrow test picture', WIDTH / 2 - 106, 300);
}

/** Once round a second; lit for as long as the beep is heard. */
function drawHand(context: CanvasRenderingContext2D, nowMs: number): void {
  const [x, y, radius] = [WIDTH / 2 - 225, 365, 82];
  const share = (nowMs % 1_000) / 1_000;
  const beeping = share < BEEP_SECONDS * 2;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = beeping ? '#ff6a33' : '#2b2623';
  context.fill();
  context.beginPath();
  context.moveTo(x, y);
  context.arc(x, y, radius, -Math.PI / 2, -Math.PI / 2 + share * 2 * Math.PI);
  context.closePath();
  context.fillStyle = '#f7f3ee';
  context.fill();
}

/** A short tone at the beginning of every second of the wall clock. */
function startBeeps(): { context: AudioContext; tracks: MediaStreamTrack[] } {
  const context = new AudioContext({ sampleRate: 48_000 });
  const target = context.createMediaStreamDestination();
  const tone = new OscillatorNode(context, { frequency: BEEP_HZ });
  const gate = new GainNode(context, { gain: 0 });
  tone.connect(gate).connect(target);
  tone.start();
  const plan = () => {
    if (context.state === 'closed') return;
    const toNextMs = 1_000 - (Date.now() % 1_000);
    const at = context.currentTime + toNextMs / 1_000;
    gate.gain.setValueAtTime(0.25, at).setValueAtTime(0, at + BEEP_SECONDS);
    setTimeout(plan, toNextMs + 500); // Half a second ahead of the next one.
  };
  plan();
  return { context, tracks: target.stream.getAudioTracks() };
}
