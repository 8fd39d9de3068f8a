import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EdgeChannel } from '../../src/edge/channel/edge-channel.ts';
import { ChannelViewer } from '../../src/edge/channel/viewer.ts';
import type { SocketListener, ViewerSocket } from '../../src/edge/channel/viewer-socket.ts';
import { readFromNode } from '../../src/kernel/live/channel-link.ts';
import { isCount, readJsonObject } from '../../src/kernel/live/channel-request.ts';
import { RING_LIMITS } from '../../src/kernel/live/event-ring.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { ChannelActor } from '../../src/live/channel/channel-actor.ts';
import { EdgeLink } from '../../src/live/channel/edge-link.ts';

const CLOCK = { now: () => 0, steady: () => 0 };

type Happening =
  | { readonly is: 'event' | 'burst' | 'cut' | 'connect' | 'restart' | 'replace' | 'echo' }
  | { readonly is: 'deliver'; readonly count: number }
  | { readonly is: 'come' | 'go' | 'stall' | 'read'; readonly who: number };

const who = fc.nat({ max: 2 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 12, arbitrary: fc.constant({ is: 'event' as const }) },
  { weight: 2, arbitrary: fc.constant({ is: 'burst' as const }) },
  { weight: 4, arbitrary: fc.constantFrom({ is: 'cut' as const }, { is: 'echo' as const }) },
  { weight: 6, arbitrary: fc.constant({ is: 'connect' as const }) },
  { weight: 3, arbitrary: fc.constantFrom({ is: 'restart' as const }, { is: 'replace' as const }) },
  { weight: 12, arbitrary: fc.record({ is: fc.constant('deliver' as const), count: fc.nat({ max: 300 }) }) },
  { weight: 6, arbitrary: fc.record({ is: fc.constantFrom('come', 'come', 'go', 'stall', 'read', 'read'), who }) },
);

/** A node with an actor, a line that loses what is on its way when it is cut, an edge, and three viewers. */
class Play {
  readonly viewers = [new Person(), new Person(), new Person()];
  #count = 0;
  #actor = this.#newActor();
  #edge = newEdge();
  #link: EdgeLink | undefined;
  #onItsWay: string[] = [];
  #last = '{}';

  do(what: Happening): void {
    if ('who' in what) this.viewers[what.who]?.[what.is](this.#edge);
    else if (what.is === 'event') this.#tell();
    else if (what.is === 'burst') for (let at = 0; at < 150; at += 1) this.#tell();
    else if (what.is === 'cut') this.#cut();
    else if (what.is === 'connect') this.#connect();
    else if (what.is === 'restart') this.#restart();
    else if (what.is === 'replace') this.#replace();
    else if (what.is === 'echo') this.#deliver(0, [this.#last]);
    else if ('count' in what) this.#deliver(what.count);
  }

  /** Everything is whole again, and everybody there. */
  settle(): { epoch: string; sequence: number } {
    this.#connect();
    this.#deliver(Number.POSITIVE_INFINITY);
    for (const viewer of this.viewers) {
      viewer.come(this.#edge);
      viewer.read();
      viewer.read();
    }
    return this.#edge.position();
  }

  get written(): number {
    return this.#count;
  }

  #newActor(): ChannelActor {
    this.#count = 0;
    return new ChannelActor({ streamId: 'ls_a', secret: 's', clock: CLOCK, keys: undefined as never });
  }

  #tell(): void {
    this.#count += 1;
    this.#actor.setChat({ isOpen: true, slowSeconds: this.#count });
  }

  #cut(): void {
    if (this.#link) this.#actor.leave(this.#link);
    this.#link = undefined;
    this.#onItsWay = [];
  }

  #connect(): void {
    this.#cut();
    const socket = { readyState: 1, OPEN: 1, bufferedAmount: 0, send: (text: string) => this.#onItsWay.push(text) };
    this.#link = new EdgeLink(socket as never);
    this.#actor.join(this.#link);
    this.#actor.take(this.#link, { type: 'open', ...this.#edge.position() });
  }

  #restart(): void {
    this.#cut();
    this.#actor = this.#newActor();
  }

  /** Another edge, to which all go. */
  #replace(): void {
    this.#cut();
    for (const viewer of this.viewers) viewer.go();
    this.#edge = newEdge();
  }

  #deliver(count: number, texts = this.#onItsWay.splice(0, count)): void {
    for (const text of texts) {
      this.#last = text;
      const fields = readJsonObject(text) ?? {};
      const message = readFromNode(fields);
      if (message?.type === 'state-of') this.#edge.opened(message);
      else this.#edge.event(text, fields, isCount(fields.sequence) ? fields.sequence : undefined);
    }
  }
}

function newEdge(): EdgeChannel {
  return new EdgeChannel({
    ...{ streamId: 'ls_a', urls: [], path: '/', fields: () => [], log: silentLog, clock: CLOCK },
    onLeft: () => {},
    onUnknown: () => {},
  });
}

/** A viewer as docs/channel.md asks him to be, who comes back with what he has. */
class Person {
  place: { epoch: string; sequence: number } | undefined;
  /** What was not as promised. */
  readonly faults: string[] = [];
  /** That he was told of in so many words. */
  gaps = 0;
  #listener: SocketListener | undefined;
  #isFull = false;
  #isGreeted = false;
  #isSubscribed = false;
  /** What he is about to say. */
  #answer: object | undefined;

  come(edge: EdgeChannel): void {
    if (this.#listener) return;
    const isFull = () => this.#isFull;
    let isOpen = true;
    const socket = {
      heardAtMs: 0,
      get isFull() {
        return isFull();
      },
      listen: (listener: SocketListener) => {
        this.#listener = listener;
      },
      write: (frame: Buffer) => isOpen && this.#hear(textOf(frame)),
      ping: () => {},
      close: () => {
        isOpen = false;
        this.go();
      },
    };
    const judge = () => ({ granted: true }) as const;
    const admission = { address: '', judge, renew: judge };
    edge.join(new ChannelViewer(socket as unknown as ViewerSocket, admission, edge, CLOCK));
  }

  go(): void {
    this.#listener?.closed();
    this.#listener = undefined;
    this.#isFull = false;
    this.#isGreeted = false;
    this.#isSubscribed = false;
    this.#answer = undefined;
  }

  stall(): void {
    this.#isFull = true;
  }

  /** Takes what waits for him, and answers. */
  read(): void {
    this.#isFull = false;
    this.#listener?.drained();
    const answer = this.#answer;
    this.#answer = undefined;
    if (answer) this.#listener?.message(JSON.stringify(answer));
  }

  #hear(text: string): void {
    const message = JSON.parse(text);
    if (message.type === 'hello') this.#greeted(message);
    else if (message.type === 'resumed') this.#resumed(message);
    else if (message.sequence !== undefined) this.#take(message.sequence);
  }

  #greeted({ epoch, sequence }: { epoch: string; sequence: number }): void {
    const comesBack = !this.#isGreeted && this.place?.epoch === epoch;
    if (!comesBack) {
      if (this.place) this.gaps += 1;
      this.place = { epoch, sequence };
    }
    if (!this.#isSubscribed) this.#answer = { type: 'resume', ...this.place };
    this.#isGreeted = true;
  }

  #resumed({ sequence, isComplete }: { sequence: number; isComplete: boolean }): void {
    if (!this.place) return;
    this.#isSubscribed = true;
    if (!isComplete) this.gaps += 1;
    else if (sequence !== this.place.sequence) this.faults.push('complete, but not from where he was');
    this.place = { ...this.place, sequence };
  }

  #take(sequence: number): void {
    if (!this.place || !this.#isSubscribed) this.faults.push(`${sequence} unasked`);
    else if (sequence !== this.place.sequence + 1) this.faults.push(`${sequence} after ${this.place.sequence}`);
    if (this.place) this.place = { ...this.place, sequence };
  }
}

/** What a frame of less than 64 KiB from a server says. */
function textOf(frame: Buffer): string {
  return frame.subarray(frame[1] === 126 ? 4 : 2).toString();
}

test('whatever breaks and whoever comes and goes, each number comes once and in order, or it is said that some do not', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 120 }), (happenings) => {
      const play = new Play();
      for (const each of happenings) play.do(each);
      const present = play.settle();
      for (const { faults, place, gaps } of play.viewers) {
        expect(faults).toEqual([]);
        expect(place).toEqual(present);
        // None is told of that there is not: all of it was kept.
        if (play.written <= RING_LIMITS.count && !happenings.some(({ is }) => is === 'restart')) expect(gaps).toBe(0);
      }
      expect(present.sequence).toBe(play.written);
    }),
    { numRuns: 1_000 },
  );
});
