import { type Picture, startTestPicture } from './test-picture.ts';

export type PictureKind = 'camera' | 'screen' | 'test';

const VIDEO = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };

/** Asks the browser for what is to be sent; its user may refuse. */
export async function openPicture(kind: PictureKind): Promise<Picture> {
  if (kind === 'test') return startTestPicture();
  const { mediaDevices } = navigator as { mediaDevices?: MediaDevices };
  // Browsers hide cameras from pages that came by plain http, unless these are on this very machine.
  if (!mediaDevices) throw new Error('The browser gives camera and screen to pages on https or localhost only.');
  const stream =
    kind === 'camera' ? await mediaDevices.getUserMedia({ video: VIDEO, audio: true }) : await openScreen(mediaDevices);
  return {
    stream,
    stop: () => {
      for (const track of stream.getTracks()) track.stop();
    },
  };
}

/** The screen with its own sound where the browser shares it, with the microphone otherwise. */
async function openScreen(mediaDevices: MediaDevices): Promise<MediaStream> {
  const screen = await mediaDevices.getDisplayMedia({ video: VIDEO, audio: true });
  if (screen.getAudioTracks().length > 0) return screen;
  const microphone = await mediaDevices.getUserMedia({ audio: true }).catch(() => undefined);
  return new MediaStream([...screen.getVideoTracks(), ...(microphone?.getAudioTracks() ?? [])]);
}

/** What the browser's words for a refusal mean. */
export function explainRefusal(thrown: unknown): string {
  const name = thrown instanceof Error ? thrown.name : '';
  if (name === 'NotAllowedError')
    return 'The browser was told not to share it. Allow it beside the address and try again.';
  if (name === 'NotFoundError') return 'There is no camera or microphone. The test picture needs none.';
  if (name === 'NotReadableError') return 'Another program is using the camera or microphone.';
  return thrown instanceof Error ? thrown.message : 'The picture could not be opened.';
}
