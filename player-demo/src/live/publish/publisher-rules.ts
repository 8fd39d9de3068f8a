/** H.264 first: a server may pass it on as it comes. Sound is Opus in all of them. */
const CONTAINERS = [
  { video: 'video/x-matroska;codecs=avc1', sound: 'opus' },
  { video: 'video/webm;codecs=h264', sound: 'opus' },
  { video: 'video/webm;codecs=vp8', sound: 'opus' },
  { video: 'video/webm;codecs=vp9', sound: 'opus' },
] as const;

/** What the recorder is to write. Browsers without any of them are left to their own choice. */
export function chooseContainer(hasSound: boolean, isSupported: (mimeType: string) => boolean): string {
  const named = CONTAINERS.map(({ video, sound }) => (hasSound ? `${video},${sound}` : video));
  return named.find(isSupported) ?? 'video/webm';
}

/** How much of the broadcast waits in the browser for the network. */
export function queueSeconds(bufferedBytes: number, bitrateBps: number): number {
  return (bufferedBytes * 8) / Math.max(1, bitrateBps);
}

/** From here on the delay is worth an interruption. */
export function isTooFarBehind(seconds: number): boolean {
  return seconds > 8;
}

/** Refusals that another try a moment later will not change. */
export function isHopeless(code: string): boolean {
  return !SOON_OTHERWISE.has(code);
}

const SOON_OTHERWISE: ReadonlySet<string> = new Set(['LIVE_STREAM_BUSY', 'LIVE_FULL', 'UNAVAILABLE']);

/** Whoever ends the broadcast has the publisher sent away: that is an end, and nothing went wrong. */
export function outcomeOf(
  code: string,
): { readonly phase: 'finished' } | { readonly phase: 'refused'; readonly code: string } {
  return code === 'LIVE_STREAM_ENDED' ? { phase: 'finished' } : { phase: 'refused', code };
}

/** The refusal in words. */
export function explainCode(code: string): string {
  return WORDS[code] ?? 'The server did not accept the broadcast.';
}

const WORDS: Readonly<Record<string, string>> = {
  STREAM_KEY_REFUSED: 'The server does not know this stream key. Was a new one made meanwhile?',
  LIVE_STREAM_BUSY: 'Somebody else is publishing to this stream, and a backup stands by already.',
  LIVE_STREAM_DISABLED: 'This stream is switched off.',
  LIVE_MEDIA_REFUSED: 'The server cannot read what this browser records.',
  UNAVAILABLE: 'The server is stopping. Try again in a moment.',
  RECORDER_FAILED: 'The browser cannot record this picture. Choose it again, or another one.',
  LIVE_FULL: 'The server carries as many broadcasts as it can. Try again when one has ended.',
};
