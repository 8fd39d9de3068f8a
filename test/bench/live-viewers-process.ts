/**
 * The viewers of `live-viewers.bench.ts`: each asks for the next state of a playlist before it is there and, once it is, for
 * the part that came with it, on two connections. Bare sockets, since a thousand players would measure themselves.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { gather } from './arrivals.ts';

const [url = '', playlist = '', viewers = '1', seconds = '1', coding = 'gzip'] = process.argv.slice(2);
const { hostname, port } = new URL(url);
/** Every tenth takes its media at this pace, which is less than it has. */
const SLOW_ONE_IN = 10;
const SLOW_BYTES_PER_SECOND = 25_000;
/** So many join at a time. */
const AT_ONCE = 50;

interface Answer {
  readonly status: number;
  readonly head: string;
  /** The last of the body. */
  readonly tail: Buffer;
}

const TAIL_BYTES = 2_048;

/** A connection on which one thing is asked at a time. */
class Line {
  readonly #socket: Socket;
  readonly #isSlow: boolean;
  #head = '';
  #missing = Number.NaN;
  #tail: Buffer = Buffer.alloc(0);
  #answered: ((answer: Answer) => void) | undefined;

  constructor(isSlow: boolean) {
    this.#isSlow = isSlow;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on('data', (bytes: Buffer) => this.#take(bytes));
    this.#socket.on('error', () => {});
  }

  connected(): Promise<unknown> {
    return once(this.#socket, 'connect');
  }

  ask(path: string): Promise<Answer> {
    this.#head = '';
    this.#missing = Number.NaN;
    this.#tail = Buffer.alloc(0);
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAccept-Encoding: ${coding}\r\n\r\n`);
    return new Promise((resolve) => {
      this.#answered = resolve;
    });
  }

  leave(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    let body = bytes.length;
    if (Number.isNaN(this.#missing)) {
      this.#head += bytes.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0) return;
      body = this.#head.length - end - 4;
      this.#head = this.#head.slice(0, end);
      this.#missing = Number(/^content-length: (\d+)/im.exec(this.#head)?.[1] ?? Number.NaN);
      if (Number.isNaN(this.#missing)) throw new Error(`no length in\n${this.#head}`);
    }
    this.#missing -= body;
    this.#tail = Buffer.concat([this.#tail, bytes.subarray(bytes.length - body)]).subarray(-TAIL_BYTES);
    if (this.#missing <= 0) {
      this.#answered?.({ status: Number(this.#head.slice(9, 12)), head: this.#head, tail: this.#tail });
    }
    if (!this.#isSlow) return;
    this.#socket.pause();
    setTimeout(() => this.#socket.resume(), (bytes.length / SLOW_BYTES_PER_SECOND) * 1000);
  }
}

interface State {
  readonly msn: number;
  readonly part: number;
  /** Of the newest part, from the playlist. */
  readonly uri: string;
}

const NEWEST = /^#EXT-X-PART:[^\n]*URI="([^"]*s(\d+)\.p(\d+)\.m4s)"/gm;

/** From a field where the origin has one, since a thousand viewers who unpack what they get would measure that. */
function stateOf({ status, head, tail }: Answer): State {
  if (status !== 200) throw new Error(head);
  const [, stated] = /^x-newest: (.*)$/im.exec(head) ?? [];
  const text = stated === undefined ? tail.toString('latin1') : `#EXT-X-PART:URI="${stated.trim()}"`;
  const [, uri = '', msn, part] = [...text.matchAll(NEWEST)].at(-1) ?? [];
  return { msn: Number(msn), part: Number(part), uri };
}

const playlists = gather();
const parts = gather();
let slowParts = 0;
let running = true;
let measuring = false;

function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Watches until the end; whoever is slow skips what has been published meanwhile. */
async function watch(list: Line, media: Line, isSlow: boolean): Promise<void> {
  let { msn, part } = stateOf(await list.ask(playlist));
  let isFetching = false;
  while (running) {
    // Behind the last part of a segment that is the first of the next.
    const next = `${playlist}?_HLS_msn=${msn}&_HLS_part=${part + 1}&_HLS_skip=YES`;
    const state = stateOf(await list.ask(next));
    ({ msn, part } = state);
    const { uri } = state;
    if (measuring) playlists.add(uri, now());
    if (isFetching) continue;
    isFetching = true;
    void media.ask(playlist.replace('index.m3u8', uri)).then(({ status }) => {
      isFetching = false;
      if (status !== 200) throw new Error(`a part was answered ${status}`);
      if (isSlow) slowParts += 1;
      else if (measuring) parts.add(uri, now());
    });
  }
}

const lines: Line[] = [];
for (let at = 0; at < Number(viewers); at += AT_ONCE) {
  const group = Array.from({ length: Math.min(AT_ONCE, Number(viewers) - at) }, (_, offset) => {
    const isSlow = (at + offset) % SLOW_ONE_IN === 0;
    return { list: new Line(false), media: new Line(isSlow), isSlow };
  });
  await Promise.all(group.flatMap(({ list, media }) => [list.connected(), media.connected()]));
  for (const { list, media, isSlow } of group) {
    lines.push(list, media);
    void watch(list, media, isSlow);
  }
  await new Promise((next) => setTimeout(next, 100));
}
console.log('watching');
await once(process.stdin, 'data');
measuring = true;
await new Promise((next) => setTimeout(next, Number(seconds) * 1000));
measuring = false;
running = false;
const told = JSON.stringify({ playlists: playlists.read(), parts: parts.read(), slowParts });
process.stdout.write(`${told}\n`, () => process.exit(0));
for (const each of lines) each.leave();
