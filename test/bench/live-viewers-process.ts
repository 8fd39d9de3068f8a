/**
 * The viewers of `live-viewers.bench.ts`: each asks for the next state of a playlist before it is there and, once it is, for
 * the part that came with it, on two connections. Bare sockets, since a thousand players would measure themselves.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { gather } from './delays.ts';

const [url = '', playlist = '', viewers = '1', seconds = '1'] = process.argv.slice(2);
const { hostname, port } = new URL(url);
/** Every tenth takes its media at this pace, which is less than it has. */
const SLOW_ONE_IN = 10;
const SLOW_BYTES_PER_SECOND = 25_000;
const PARTS = 4;
/** So many join at a time. */
const AT_ONCE = 50;

interface Answer {
  readonly status: number;
  readonly head: string;
}

/** A connection on which one thing is asked at a time. */
class Line {
  readonly #socket: Socket;
  readonly #isSlow: boolean;
  #head = '';
  #missing = Number.NaN;
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
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAccept-Encoding: gzip\r\n\r\n`);
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
    if (this.#missing <= 0) this.#answered?.({ status: Number(this.#head.slice(9, 12)), head: this.#head });
    if (!this.#isSlow) return;
    this.#socket.pause();
    setTimeout(() => this.#socket.resume(), (bytes.length / SLOW_BYTES_PER_SECOND) * 1000);
  }
}

interface State {
  readonly msn: number;
  readonly part: number;
  readonly publishedAtMs: number;
}

function stateOf({ status, head }: Answer): State {
  const [, msn, part, at] = /^x-state: (\d+)\.(\d+)@([\d.]+)/im.exec(head) ?? [];
  if (status !== 200 || at === undefined) throw new Error(head);
  return { msn: Number(msn), part: Number(part), publishedAtMs: Number(at) };
}

const playlistDelays = gather();
const partDelays = gather();
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
    [msn, part] = part === PARTS - 1 ? [msn + 1, 0] : [msn, part + 1];
    const state = stateOf(await list.ask(`${playlist}?_HLS_msn=${msn}&_HLS_part=${part}&_HLS_skip=YES`));
    ({ msn, part } = state);
    const key = `${msn}.${part}`;
    if (measuring) playlistDelays.add(key, now() - state.publishedAtMs);
    if (isFetching) continue;
    isFetching = true;
    void media
      .ask(playlist.replace('index.m3u8', `1/s${String(msn).padStart(5, '0')}.p${part}.m4s`))
      .then(({ status }) => {
        isFetching = false;
        if (status !== 200) throw new Error(`a part was answered ${status}`);
        if (isSlow) slowParts += 1;
        else if (measuring) partDelays.add(key, now() - state.publishedAtMs);
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
console.log(
  JSON.stringify({
    playlists: playlistDelays.read(),
    parts: partDelays.read(),
    slowParts,
  }),
);
running = false;
for (const each of lines) each.leave();
process.exit(0);
