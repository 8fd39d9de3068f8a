/**
 * Straightens the clock of a publisher while it comes in. Timestamps are milliseconds in 32 bits that begin anew, stand
 * still, and jump when an encoder is restarted or a relay splices two sources; what follows would fill an hour's jump with
 * an hour of pictures. The judge is the clock of arrival, with patience for networks: a stall and the burst behind it
 * are no jump.
 *
 * Each track has the shift it needs, and takes another track's where that makes it whole again, so that sound and
 * picture which jump together stay together.
 */
const TOLERANCE_MS = 1_000;

interface Track {
  /** As sent, without the wrap. */
  rawMs: number;
  shiftMs: number;
  outMs: number;
  /** When what is put out last went on. */
  movedMs: number;
  /** It stood still for longer than is believed, and has not gone on since. */
  isStuck: boolean;
}

export class LiveClock {
  readonly #tracks = new Map<number, Track>();
  #beganMs = 0;
  #mostLeadMs = 0;

  /** Moment of what is put out, from 0 on and never back within a track. */
  straighten(id: number, timestampMs: number, arrivedMs: number): number {
    const track = this.#tracks.get(id);
    if (!track) return this.#begin(id, timestampMs, arrivedMs);
    const rawMs = track.rawMs + signed32(timestampMs - track.rawMs);
    const stepMs = rawMs - track.rawMs;
    track.isStuck = stepMs <= 0 && (track.isStuck || arrivedMs - track.movedMs > TOLERANCE_MS);
    if (!this.#isSound(track, stepMs, arrivedMs)) track.shiftMs = this.#shiftAnew(id, track, rawMs, arrivedMs);
    const outMs = Math.max(track.outMs, rawMs + track.shiftMs);
    if (outMs > track.outMs) track.movedMs = arrivedMs;
    if (Math.abs(stepMs) <= TOLERANCE_MS) this.#mostLeadMs = Math.max(this.#mostLeadMs, this.#leadOf(outMs, arrivedMs));
    Object.assign(track, { rawMs, outMs });
    return outMs;
  }

  /** How far the media is ahead of the time that has passed since its first arrived. */
  leadMs(nowMs: number): number {
    const outMs = Math.max(0, ...[...this.#tracks.values()].map((track) => track.outMs));
    return this.#tracks.size === 0 ? 0 : this.#leadOf(outMs, nowMs);
  }

  #begin(id: number, timestampMs: number, arrivedMs: number): number {
    const [other] = this.#tracks.values();
    if (!other) this.#beganMs = arrivedMs;
    const nearMs = other?.outMs ?? 0;
    const rawMs = other ? other.rawMs + signed32(timestampMs - other.rawMs) : timestampMs;
    const isNear = other !== undefined && Math.abs(rawMs + other.shiftMs - nearMs) <= TOLERANCE_MS;
    const shiftMs = isNear ? other.shiftMs : nearMs - rawMs;
    const outMs = Math.max(0, rawMs + shiftMs);
    this.#tracks.set(id, { rawMs, shiftMs, outMs, movedMs: arrivedMs, isStuck: false });
    return outMs;
  }

  #isSound(track: Track, stepMs: number, arrivedMs: number): boolean {
    const outMs = track.rawMs + stepMs + track.shiftMs;
    if (stepMs < -TOLERANCE_MS || track.isStuck) return false;
    if (outMs <= track.outMs) return arrivedMs - track.movedMs <= TOLERANCE_MS;
    return stepMs <= TOLERANCE_MS || this.#leadOf(outMs, arrivedMs) <= this.#mostLeadMs + TOLERANCE_MS;
  }

  #shiftAnew(id: number, track: Track, rawMs: number, arrivedMs: number): number {
    const reachMs = track.outMs + TOLERANCE_MS + arrivedMs - track.movedMs;
    for (const [otherId, { shiftMs }] of this.#tracks) {
      const outMs = rawMs + shiftMs;
      if (otherId !== id && outMs > track.outMs && outMs <= reachMs) return shiftMs;
    }
    // On by the time that has passed, and by a little in any case, since nothing is shown for no time.
    return track.outMs + Math.max(1, arrivedMs - track.movedMs) - rawMs;
  }

  #leadOf(outMs: number, arrivedMs: number): number {
    return outMs - (arrivedMs - this.#beganMs);
  }
}

function signed32(value: number): number {
  return value | 0;
}
