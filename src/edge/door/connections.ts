import type { Server, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { networkOf } from '../../kernel/address.ts';
import type { Log } from '../../kernel/log.ts';
import { type ProxyHeader, parseProxyHeader } from '../../kernel/proxy-protocol.ts';
import type { Peer, PeerTls } from '../viewer.ts';

export interface ConnectionsOptions {
  readonly trusts: (ip: string) => boolean;
  /** Connections of those who are trusted begin with a PROXY header. */
  readonly proxyProtocol: boolean;
  readonly headerMs: number;
  /** 0 for no limit. Those who are trusted have none, since many viewers stand behind them. */
  readonly maxPerAddress: number;
  readonly log: Log;
}

/** Every connection, from before its first byte is read: whose it is, how many the same address has, and all there are. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #open = new Set<Socket>();
  readonly #perAddress = new Map<string, number>();
  /** Of connections that came through a balancer, by its end of them: TLS hands on another object for the same one. */
  readonly #told = new Map<string, string>();
  readonly #peers = new WeakMap<Socket, Peer>();
  /** Connections refused for their number or for what they began with. */
  refused = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Stands before what the server does with a connection. */
  guard(server: Server): void {
    const serve = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
      this.#admit(socket, () => {
        for (const each of serve) each.call(server, socket);
      });
    });
  }

  /** The other end of a connection, also of one inside TLS. */
  peerOf(socket: Socket): Peer {
    const known = this.#peers.get(socket);
    if (known) return known;
    const told = this.#told.get(endOf(socket));
    const ip = told ?? ipOf(socket);
    const peer = {
      ...{ ip, secure: 'encrypted' in socket, trusted: this.#options.trusts(ip) },
      port: told === undefined ? socket.remotePort : undefined,
      tls: socket instanceof TLSSocket ? tlsOf(socket) : undefined,
    };
    this.#peers.set(socket, peer);
    return peer;
  }

  /** Ends the connections that have not said anything. */
  closeSilent(): void {
    for (const socket of this.#open) if (socket.bytesRead === 0) socket.destroy();
  }

  breakOff(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #admit(socket: Socket, serve: () => void): void {
    const { proxyProtocol, trusts, headerMs, log } = this.#options;
    if (!proxyProtocol || !trusts(ipOf(socket))) {
      if (this.#mayConnect(socket, ipOf(socket))) serve();
      return;
    }
    readProxyHeader(socket, headerMs).then((header) => {
      if (header?.kind !== 'header') {
        if (!socket.destroyed) log.debug({ ip: ipOf(socket) }, 'a balancer sent no PROXY header');
        this.#refuse(socket);
        return;
      }
      if (header.source) this.#remember(socket, header.source.ip);
      if (this.#mayConnect(socket, header.source?.ip ?? ipOf(socket))) serve();
    });
  }

  #remember(socket: Socket, ip: string): void {
    const end = endOf(socket);
    this.#told.set(end, ip);
    socket.on('close', () => this.#told.delete(end));
  }

  #mayConnect(socket: Socket, ip: string): boolean {
    const { maxPerAddress, trusts } = this.#options;
    if (maxPerAddress === 0 || trusts(ip)) return true;
    const key = networkOf(ip);
    const count = (this.#perAddress.get(key) ?? 0) + 1;
    if (count > maxPerAddress) {
      this.#refuse(socket);
      return false;
    }
    this.#perAddress.set(key, count);
    socket.on('close', () => {
      const left = (this.#perAddress.get(key) ?? 0) - 1;
      if (left > 0) this.#perAddress.set(key, left);
      else this.#perAddress.delete(key);
    });
    return true;
  }

  /** Without an answer and without waiting for the other side: refusing must cost less than connecting does. */
  #refuse(socket: Socket): void {
    this.refused += 1;
    socket.resetAndDestroy();
  }
}

/** Undefined when the connection ends or the time is over before there is one. What follows it stays unread. */
function readProxyHeader(socket: Socket, timeoutMs: number): Promise<ProxyHeader | undefined> {
  const { promise, resolve } = Promise.withResolvers<ProxyHeader | undefined>();
  let seen: Buffer = Buffer.alloc(0);
  const read = () => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
      seen = Buffer.concat([seen, chunk as Buffer]);
    }
    const header = parseProxyHeader(seen);
    if (header.kind === 'more') return;
    if (header.kind === 'header' && seen.length > header.sizeBytes) socket.unshift(seen.subarray(header.sizeBytes));
    finish(header);
  };
  const giveUp = () => finish(undefined);
  const overdue = setTimeout(giveUp, timeoutMs);
  const finish = (header: ProxyHeader | undefined) => {
    clearTimeout(overdue);
    socket.off('readable', read).off('end', giveUp).off('error', giveUp).off('close', giveUp);
    resolve(header);
  };
  socket.on('readable', read).on('end', giveUp).on('error', giveUp).on('close', giveUp);
  return promise;
}

function ipOf({ remoteAddress }: Socket): string {
  if (remoteAddress === undefined) return 'unknown';
  return remoteAddress.startsWith('::ffff:') ? remoteAddress.slice('::ffff:'.length) : remoteAddress;
}

function endOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`;
}

function tlsOf(socket: TLSSocket): PeerTls {
  return {
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    handshake: socket.isSessionReused() ? 'sessionResumed' : 'fullHandshake',
  };
}
