import { createHash, createHmac } from 'node:crypto';
import type { LiveBan } from '../../database/live-bans.ts';
import { addressBytes } from '../../kernel/address.ts';
import type { SteadyClock } from '../../kernel/clock.ts';
import type { FaultCode } from '../../kernel/errors.ts';
import type { LinkViewer } from '../../kernel/live/channel-link.ts';
import type { ChatOptions } from '../../kernel/live/live-stream.ts';

export interface Words {
  readonly viewer: LinkViewer;
  readonly text: string;
  /** Under one of an author nothing is said twice: other words are other words, for two pages may count alike. */
  readonly ref: string;
}

export type ChatVerdict =
  /** `isRepeat`: it has been said already. */
  | { readonly authorId: string; readonly isRepeat: boolean; readonly code?: undefined }
  | { readonly code: FaultCode; readonly retryAfterMs?: number };

/** So many messages in so long, of one viewer, from one network, and in all: what a chat can still be read at. */
const WINDOW_MS = 10_000;
const LIMITS = { author: 5, network: 20, all: 300 } as const;
/** Who has said something lately. Beyond it those come off first who were silent longest. */
const MAX_KNOWN = 20_000;
const MAX_REFS = 5_000;

/** Who may say something in a chat, and how often. */
export class ChatDesk {
  readonly #secret: string;
  readonly #streamId: string;
  readonly #clock: SteadyClock;
  #bans = new Map<string, number>();
  readonly #said = new Map<string, number[]>();
  readonly #refs = new Set<string>();
  #options: ChatOptions;

  /** @param secret under which addresses become names: the same wherever and whenever the stream is */
  constructor(streamId: string, options: ChatOptions, secret: string, clock: SteadyClock) {
    this.#streamId = streamId;
    this.#options = options;
    this.#secret = secret;
    this.#clock = clock;
  }

  get options(): ChatOptions {
    return this.#options;
  }

  set options(options: ChatOptions) {
    this.#options = options;
  }

  /** Those that there are, and no others. */
  set banned(bans: readonly LiveBan[]) {
    this.#bans = new Map(bans.map(({ authorId, untilMs = Number.POSITIVE_INFINITY }) => [authorId, untilMs]));
  }

  ban(authorId: string, untilMs = Number.POSITIVE_INFINITY): void {
    this.#bans.set(authorId, untilMs);
  }

  unban(authorId: string): void {
    this.#bans.delete(authorId);
  }

  judge({ viewer, text, ref }: Words): ChatVerdict {
    const network = networkOf(viewer.address);
    const authorId = this.#nameFor(network, viewer.grantId);
    const said = createHash('sha256').update(`${authorId}\n${ref}\n${text}`).digest('base64url');
    if (this.#refs.has(said)) return { authorId, isRepeat: true };
    if (!this.#options.isOpen) return { code: 'CHAT_CLOSED' };
    if ((this.#bans.get(authorId) ?? 0) > this.#clock.now()) return { code: 'CHAT_BANNED' };
    const steadyMs = this.#clock.steady();
    const waitMs = this.#waitMs(authorId, network, steadyMs);
    if (waitMs > 0) return { code: 'CHAT_SLOW', retryAfterMs: Math.ceil(waitMs) };
    for (const who of [authorId, network, '']) this.#note(who, steadyMs);
    this.#remember(said);
    return { authorId, isRepeat: false };
  }

  #waitMs(authorId: string, network: string, steadyMs: number): number {
    const last = this.#said.get(authorId)?.at(-1) ?? Number.NEGATIVE_INFINITY;
    return Math.max(
      last + this.#options.slowSeconds * 1_000 - steadyMs,
      this.#fullForMs(authorId, LIMITS.author, steadyMs),
      this.#fullForMs(network, LIMITS.network, steadyMs),
      this.#fullForMs('', LIMITS.all, steadyMs),
    );
  }

  #fullForMs(who: string, limit: number, steadyMs: number): number {
    const recent = this.#recent(who, steadyMs);
    return recent.length < limit ? 0 : (recent.at(-limit) ?? steadyMs) + WINDOW_MS - steadyMs;
  }

  #recent(who: string, steadyMs: number): number[] {
    return (this.#said.get(who) ?? []).filter((atMs) => atMs > steadyMs - WINDOW_MS);
  }

  #note(who: string, steadyMs: number): void {
    const recent = this.#recent(who, steadyMs);
    // Behind all others: a Map goes by the order of insertion.
    this.#said.delete(who);
    this.#said.set(who, [...recent, steadyMs]);
    if (this.#said.size > MAX_KNOWN) this.#said.delete(this.#said.keys().next().value ?? '');
  }

  #remember(said: string): void {
    this.#refs.add(said);
    if (this.#refs.size > MAX_REFS) this.#refs.delete(this.#refs.values().next().value ?? '');
  }

  /** Tells nobody the address, and is another one in another stream. */
  #nameFor(network: string, grantId: string): string {
    const digest = createHmac('sha256', this.#secret)
      .update(`chat\n${this.#streamId}\n${network}\n${grantId}`)
      .digest();
    return `v_${digest.subarray(0, 9).toString('base64url')}`;
  }
}

/** One household has as many IPv6 addresses as it likes, below one prefix of 64 bits. */
function networkOf(address: string): string {
  const bytes = addressBytes(address);
  if (!bytes) return 'unknown';
  return Buffer.from(bytes.length === 16 ? bytes.subarray(0, 8) : bytes).toString('hex');
}
