import { execFile } from 'node:child_process';
import { access, copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** 854x480, 24 frames a second, 30 seconds, H.264 and AAC; kept outside the repository. */
const REAL = fileURLToPath(new URL('../../../shared/media/big-buck-bunny-480p-30s.mp4', import.meta.url));

/** Puts the real clip, or one of the same shape where it is absent, at `path`. */
export async function placeClip(path: string): Promise<void> {
  const isHere = await access(REAL).then(
    () => true,
    () => false,
  );
  if (isHere) await copyFile(REAL, path);
  else await generateClip(path, { seconds: 30, size: '854x480', rate: '24' });
}

export async function clipBytes(): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-clip-'));
  try {
    await placeClip(join(folder, 'clip.mp4'));
    return new Uint8Array(await readFile(join(folder, 'clip.mp4')));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface ClipShape {
  readonly seconds: number;
  readonly size: string;
  readonly rate: string;
}

/** A moving test picture with a tone. */
export async function generateClip(path: string, shape: ClipShape): Promise<void> {
  const picture = `testsrc2=size=${shape.size}:rate=${shape.rate}:duration=${shape.seconds}`;
  const sound = `sine=frequency=440:sample_rate=48000:duration=${shape.seconds}`;
  const inputs = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound];
  const encode = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];
  await run('ffmpeg', ['-v', 'error', '-y', ...inputs, ...encode, '-movflags', '+faststart', path]);
}

/**
 * The clip repeated without an encode, for longer films. Picture and sound repeat each for itself: the sound is a little
 * longer than the picture, and joined as one they would leave a gap in the pictures' grid at every turn.
 */
export async function loopClip(from: string, to: string, times: number): Promise<void> {
  const { stdout } = await run('ffprobe', [...PICTURE_LENGTH, from]);
  const loop = ['-stream_loop', `${times - 1}`, '-i', from];
  const tracks = ['-map', '0:v', '-map', '1:a', '-c', 'copy', '-t', String(Number(stdout) * times)];
  await run('ffmpeg', ['-v', 'error', '-y', ...loop, ...loop, ...tracks, to]);
}

const PICTURE_LENGTH = [
  ...['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'stream=duration'],
  ...['-of', 'default=nw=1:nk=1'],
];
