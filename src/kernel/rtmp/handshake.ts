/**
 * RTMP's handshake from the server's side, the plain one (Adobe's RTMP specification 1.0, section 5.2). Encoders that
 * know the signed one of Flash take this too, since it says version 0.0.0.0.
 */
const VERSION = 3;
const PART_BYTES = 1_536;
/** C0, C1 and C2. */
const ALL_BYTES = 1 + 2 * PART_BYTES;

export interface Shaken {
  /** To be sent now. */
  readonly answer?: Uint8Array;
  /** What stands behind the handshake; there when it is over. */
  readonly rest?: Uint8Array;
}

export class Handshake {
  #held: Uint8Array = new Uint8Array();
  #isAnswered = false;

  /** @throws RangeError for a first byte that is not RTMP's. */
  push(bytes: Uint8Array): Shaken {
    const held = new Uint8Array(this.#held.length + bytes.length);
    held.set(this.#held);
    held.set(bytes, this.#held.length);
    this.#held = held;
    if (held.length > 0 && held[0] !== VERSION) throw new RangeError('this is not RTMP');
    const isNew = !this.#isAnswered && held.length > PART_BYTES;
    if (isNew) this.#isAnswered = true;
    return {
      ...(isNew ? { answer: answerTo(held.subarray(1, 1 + PART_BYTES)) } : {}),
      ...(held.length >= ALL_BYTES ? { rest: held.subarray(ALL_BYTES) } : {}),
    };
  }
}

/** S0, S1 of zeros, and S2, which is what the client sent. */
function answerTo(theirs: Uint8Array): Uint8Array {
  const answer = new Uint8Array(ALL_BYTES);
  answer[0] = VERSION;
  answer.set(theirs, 1 + PART_BYTES);
  return answer;
}
