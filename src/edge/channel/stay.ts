import type { SteadyClock } from '../../kernel/clock.ts';
import type { Admission, Judgement } from './admission.ts';
import type { ViewerSocket } from './viewer-socket.ts';

/** How long a viewer waits for a node that does not answer. */
const PATIENCE_MS = 10_000;
export const IDLE_MS = 60_000;
/** In beats: how often each viewer is pinged, and his grant looked at though it has not run out. */
const PING_BEATS = 20;
const JUDGE_BEATS = 5;

/** For how long a viewer stays: while he has leave to, shows that he is there, and is told what he came for. */
export class Stay {
  readonly #socket: Pick<ViewerSocket, 'heardAtMs' | 'ping' | 'close'>;
  readonly #admission: Admission;
  readonly #clock: SteadyClock;
  readonly #beganAtMs: number;
  /** Those who came at once have their turns one after the other. */
  #beats = Math.floor(Math.random() * PING_BEATS);
  #isGreeted = false;
  #expiresAtMs: number | null = null;
  #grantId = '';

  constructor(socket: Pick<ViewerSocket, 'heardAtMs' | 'ping' | 'close'>, admission: Admission, clock: SteadyClock) {
    this.#socket = socket;
    this.#admission = admission;
    this.#clock = clock;
    this.#beganAtMs = clock.steady();
    this.#hold(admission.judge(clock.now()));
  }

  /** Null where the grant has no end, or none is needed. */
  get expiresAtMs(): number | null {
    return this.#expiresAtMs;
  }

  get grantId(): string {
    return this.#grantId;
  }

  greeted(): void {
    this.#isGreeted = true;
  }

  /** Takes a token in place of what he came with; false when it does not hold. */
  renew(token: string): boolean {
    const judgement = this.#admission.renew(token, this.#clock.now());
    this.#hold(judgement);
    return judgement.granted;
  }

  /** Every second. What is costly is done now and then, for each viewer in a second of his own. */
  beat(): void {
    this.#beats += 1;
    const steadyMs = this.#clock.steady();
    if (!this.#isGreeted && steadyMs - this.#beganAtMs > PATIENCE_MS) this.#socket.close('TRY_AGAIN');
    if (steadyMs - this.#socket.heardAtMs > IDLE_MS) this.#socket.close('IDLE');
    if (this.#beats % PING_BEATS === 0) this.#socket.ping();
    const nowMs = this.#clock.now();
    const isOver = this.#expiresAtMs !== null && nowMs >= this.#expiresAtMs;
    if (isOver || this.#beats % JUDGE_BEATS === 0) this.#judge(nowMs);
  }

  #judge(nowMs: number): void {
    const judgement = this.#admission.judge(nowMs);
    if (judgement.granted) this.#hold(judgement);
    else this.#socket.close(judgement.why === 'expired' ? 'GRANT_ENDED' : 'GRANT_REVOKED');
  }

  #hold(judgement: Judgement): void {
    if (!judgement.granted) return;
    this.#expiresAtMs = judgement.grant?.expiresAtMs ?? null;
    this.#grantId = judgement.grant?.id ?? '';
  }
}
