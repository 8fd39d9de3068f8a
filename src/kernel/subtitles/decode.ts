/**
 * The text of a subtitle file in any of the encodings that people have: UTF-8 or UTF-16 by its byte order mark, UTF-16
 * without one by its zeros, UTF-8 where it is valid, and otherwise Windows-1252, which Latin-1 is a part of.
 */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(encodingOf(bytes)).decode(bytes);
}

function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const zeros = zerosOf(bytes.subarray(0, 1_000));
  if (zeros) return zeros;
  return isUtf8(bytes) ? 'utf-8' : 'windows-1252';
}

/** Times and counters are ASCII in every language: in UTF-16 many of every second bytes are zero. */
function zerosOf(head: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const zeros = (parity: number) => head.filter((byte, at) => at % 2 === parity && byte === 0).length;
  const [even, odd] = [zeros(0), zeros(1)];
  if (Math.max(even, odd) < head.length / 10) return undefined;
  return odd > even ? 'utf-16le' : 'utf-16be';
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    // The only thing that a fatal decoder throws at is what it is asked to find.
    return false;
  }
}
