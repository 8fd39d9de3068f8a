import type { Clock } from '../../kernel/clock.ts';
import { drive, type PhaseTable } from '../drive.ts';
import { Exchange } from '../exchange.ts';
import type { Peer, Upgrade, ViewerRequest, ViewerResponse } from '../viewer.ts';

export interface ViewersOptions {
  readonly phases: PhaseTable;
  readonly clock: Clock;
  /** Prefix of exchange ids, so that those of two edges never meet. */
  readonly edgeId: string;
}

/** Where every request of a viewer becomes an exchange, whichever way it came. */
export class Viewers {
  readonly #options: ViewersOptions;
  #count = 0;

  constructor(options: ViewersOptions) {
    this.#options = options;
  }

  /** Answers the request; `onClose` is called when the answer is over, however it ended. */
  receive(request: ViewerRequest, response: ViewerResponse, peer: Peer, onClose: () => void, upgrade?: Upgrade): void {
    const { phases, clock, edgeId } = this.#options;
    this.#count += 1;
    const x = new Exchange(
      `${edgeId}-${this.#count.toString(36)}`,
      phases,
      request,
      response,
      peer,
      clock.now(),
      upgrade,
    );
    response.on('close', () => {
      onClose();
      x.close();
    });
    drive(x);
  }
}
