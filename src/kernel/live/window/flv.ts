import { type Configuration, readVideo, soundOf, type VideoBody } from '../../flv/codecs.ts';
import { setsByLength } from './parameter-sets.ts';
import type { PieceReader, PieceRole } from './source-window.ts';

const HEADER_BYTES = 13;
const TAG_HEADER_BYTES = 11;
const SIZE_BYTES = 4;
const SOUND = 8;
const PICTURE = 9;
const SCRIPT = 18;

/** Tags of Flash video (annex E), each with the size that stands behind it; the file's header first. */
export class FlvPieces implements PieceReader {
  #hasPicture = false;
  /** Of the set-up that came last: how many bytes tell the length of a picture's units; 0 where pictures have none. */
  #lengthBytes = 0;

  measure(bytes: Uint8Array): number | 'broken' {
    const [type = 0] = bytes;
    if (bytes.length === 0) return 0;
    if (type === 0x46) return HEADER_BYTES;
    if (type !== SOUND && type !== PICTURE && type !== SCRIPT) return 'broken';
    if (bytes.length < TAG_HEADER_BYTES) return 0;
    const [, high = 0, middle = 0, low = 0] = bytes;
    return TAG_HEADER_BYTES + ((high << 16) | (middle << 8) | low) + SIZE_BYTES;
  }

  judge(piece: Uint8Array): PieceRole {
    const [type = 0] = piece;
    if (type === 0x46) return { role: 'head', slot: 'header' };
    if (type === SCRIPT) return { role: 'head', slot: 'script' };
    const body = piece.subarray(TAG_HEADER_BYTES, piece.length - SIZE_BYTES);
    return type === SOUND ? this.#judgeSound(body) : this.#judgePicture(body);
  }

  #judgeSound(body: Uint8Array): PieceRole {
    const { configuration } = soundOf(body);
    if (configuration) return { role: 'head', slot: 'sound', setUp: { of: 'sound', bytes: configuration } };
    return { role: this.#hasPicture ? 'other' : 'key', isSound: true };
  }

  #judgePicture(body: Uint8Array): PieceRole {
    this.#hasPicture = true;
    const picture = readVideo(body);
    if (picture.configuration) return this.#judgeSetUp(picture.configuration);
    if (!picture.isPicture || !picture.isKey) return { role: 'cut' };
    // A relay may leave the set-up as it was, and send what has changed with the pictures.
    const bytes = this.#setsIn(body, picture);
    return { role: 'key', ...(bytes ? { setUp: { of: 'picture', bytes } } : {}) };
  }

  #judgeSetUp({ bytes, inBand, lengthBytes }: Configuration): PieceRole {
    this.#lengthBytes = lengthBytes;
    const sets = lengthBytes === 0 ? undefined : setsByLength(inBand, lengthBytes);
    return { role: 'head', slot: 'picture', setUp: { of: 'picture', bytes: sets ?? bytes } };
  }

  #setsIn(body: Uint8Array, { at }: VideoBody): Uint8Array | undefined {
    return this.#lengthBytes === 0 ? undefined : setsByLength(body.subarray(at), this.#lengthBytes);
  }
}
