import { Fault, type FaultCode } from '../../../kernel/errors.ts';
import type { Log } from '../../../kernel/log.ts';
import type { Desk, Place } from '../../seams.ts';
import { Incoming } from '../incoming.ts';
import type { Ticket } from '../turnstile.ts';
import type { PeerState, WhipPeer } from './peer.ts';
import { RtpForwarder } from './rtp-forwarder.ts';

export interface SessionParts {
  readonly desk: Desk;
  readonly log: Log;
  readonly address: string;
  readonly ticket: Ticket;
  readonly connectMs: number;
  /** It is over, and may be forgotten. */
  close(): void;
}

/** For ffmpeg to hand on the last of what came. */
const DRAIN_MS = 300;

/** One publisher by WHIP, from its offer to its end. */
export class WhipSession {
  readonly #parts: SessionParts;
  #place: Place | undefined;
  #peer: WhipPeer | undefined;
  #forwarder: RtpForwarder | undefined;
  #publisher: Incoming | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isFinishing = false;
  #isOver = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /**
   * The answer to the offer, once the key is found good.
   * @throws Fault of the desk, LIVE_MEDIA_REFUSED, INVALID_REQUEST
   */
  async start(streamKey: string, offer: string, host: string): Promise<string> {
    const { desk, address, connectMs } = this.#parts;
    try {
      this.#place = await desk.admit({ door: 'whip', streamKey, address });
      const { WhipPeer } = await import('./peer.ts');
      const peer = await WhipPeer.answering(offer, host);
      this.#peer = peer;
      this.#forwarder = await RtpForwarder.start(peer.tracks);
      if (this.#isOver) throw new Fault('UNAVAILABLE');
      peer.forward(this.#forwarder, (state) => this.#turn(state));
      this.#timer = setTimeout(() => this.#end('lost'), connectMs);
      return peer.answer;
    } catch (cause) {
      if (this.#isOver) this.#letGo();
      else this.#end('lost');
      throw cause;
    }
  }

  /** The publisher says goodbye. */
  finish(): void {
    this.#isFinishing = true;
    void this.#peer?.close();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end('finished'), DRAIN_MS);
  }

  close(reason: FaultCode): void {
    this.#parts.log.debug({ address: this.#parts.address, reason }, 'publisher sent away');
    this.#end('lost');
  }

  #turn(state: PeerState): void {
    if (state === 'connected') this.#begin();
    else if (!this.#isFinishing) this.#end('lost');
  }

  #begin(): void {
    const receiver = this.#forwarder?.receiver;
    if (this.#publisher || this.#isOver || !receiver) return;
    clearTimeout(this.#timer);
    this.#parts.ticket.admitted();
    const publisher = new Incoming({
      ...{ door: 'whip', address: this.#parts.address, container: 'matroska' },
      resume: () => receiver.bytes.resume(),
      dismiss: (reason) => this.close(reason ?? 'UNAVAILABLE'),
    });
    this.#publisher = publisher;
    // What is not read in time is left out, as datagrams are.
    receiver.bytes.on('data', (bytes: Buffer) => {
      if (!publisher.push(bytes)) receiver.bytes.pause();
    });
    receiver.bytes.on('close', () => this.#end('lost'));
    receiver.bytes.on('error', () => {}); // 'close' follows
    this.#place?.take(publisher);
  }

  #end(how: 'finished' | 'lost'): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#publisher?.end(how);
    this.#letGo();
    this.#parts.ticket.leave();
    this.#parts.close();
  }

  /** Also of what it was given only after its end. */
  #letGo(): void {
    if (!this.#publisher) this.#place?.leave();
    this.#place = undefined;
    this.#forwarder?.stop();
    void this.#peer?.close();
  }
}
