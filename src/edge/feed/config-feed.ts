import { setTimeout } from 'node:timers/promises';
import {
  type FeedMessage,
  type FeedPosition,
  isLogNews,
  type StateNews,
  writePosition,
} from '../../kernel/edge-feed/message.ts';
import type { ReportedConfiguration } from '../../kernel/edge-feed/report.ts';
import { Fault } from '../../kernel/errors.ts';
import type { FieldList } from '../../kernel/http/fields.ts';
import type { Log } from '../../kernel/log.ts';
import type { EdgeSigner } from '../signer.ts';
import type { Upstream } from '../upstream.ts';
import { followOnce } from './connection.ts';
import { CopyWriter, type FeedCopy, readCopy } from './copy.ts';
import { type LogTaker, type StateTaker, type Taker, takesLog } from './section.ts';

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;

export interface ConfigFeedOptions {
  /** Undefined for an edge without control: it knows no keys. */
  readonly control: Upstream | undefined;
  readonly signer: EdgeSigner;
  readonly dataDir: string;
  readonly log: Log;
  /** Who works by the sections, in the order in which they are asked whether they can. */
  readonly takers: readonly Taker[];
  /** Called when there is another configuration in force, or one was refused. */
  readonly onChange?: () => void;
}

/** A message that this edge could not use. */
export interface FeedRefusal {
  readonly revision: number;
  readonly section: string;
  readonly version: string;
}

/**
 * What control last said, followed by one long answer. A message counts as a whole or not at all: what this edge cannot use
 * is refused, remembered by its version, and left out by control from then on, so that the rest goes on. The last good copy
 * is on disk, so an edge starts and judges viewers while control is away.
 */
export class ConfigFeed {
  readonly #options: ConfigFeedOptions;
  readonly #takers: ReadonlyMap<string, Taker>;
  readonly #copy: CopyWriter;
  readonly #stopping = new AbortController();
  readonly #states: Record<string, StateNews> = {};
  readonly #logs: Record<string, number> = {};
  readonly #refused: Record<string, string> = {};
  #lineage = '';
  #revision = 0;
  #refusal: FeedRefusal | undefined;
  #following: Promise<void> | undefined;
  #taking: Promise<void> = Promise.resolve();
  readonly #heard = Promise.withResolvers<void>();

  constructor(options: ConfigFeedOptions) {
    this.#options = options;
    this.#takers = new Map(options.takers.map((taker) => [taker.name, taker]));
    this.#copy = new CopyWriter(options.dataDir, () => this.#latest());
  }

  /** Everything up to this number of control's is in force; 0 before anything is. */
  get revision(): number {
    return this.#revision;
  }

  /** Of the sections that were refused and have not been replaced since, the last. */
  get refusal(): FeedRefusal | undefined {
    return this.#refusal;
  }

  /** How far it is, and what it goes on without. */
  get reported(): ReportedConfiguration {
    const { section, revision } = this.#refusal ?? {};
    const refused = section === undefined || revision === undefined ? {} : { refused: { section, revision } };
    return { revision: this.#revision, ...refused, logs: { ...this.#logs } };
  }

  /** Takes the copy on disk and begins to follow control; does not wait for control. */
  async start(): Promise<void> {
    const { control } = this.#options;
    await this.#restore();
    if (control) this.#following = this.#follow(control);
  }

  /** Resolves when control has been heard, or after the time given. */
  async heard(timeoutMs: number): Promise<void> {
    if (!this.#following) return;
    const over = new AbortController();
    await Promise.race([this.#heard.promise, pause(timeoutMs, over.signal)]);
    over.abort();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
  }

  async #follow(control: Upstream): Promise<void> {
    const { log, signer } = this.#options;
    const { signal } = this.#stopping;
    let retryMs = FIRST_RETRY_MS;
    const take = async (message: FeedMessage) => {
      this.#taking = this.#take(message);
      await this.#taking;
      retryMs = FIRST_RETRY_MS;
    };
    while (!signal.aborted) {
      try {
        await followOnce({ control, ...this.#question(), take, told: (atMs) => signer.learnTime(atMs), signal });
      } catch (cause) {
        // A message in hand is taken to its end.
        await this.#taking.catch(() => {});
        if (signal.aborted) return;
        log.warn({ err: cause, retryMs }, 'the feed of control broke off');
      }
      // By chance, so that a fleet does not come back all at once.
      await pause(retryMs * (0.5 + Math.random() / 2), signal);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
  }

  #question(): { target: string; fields: FieldList } {
    const target = `/v1/edge/feed?${writePosition(this.#position)}`;
    return { target, fields: this.#options.signer.fields('GET', target) };
  }

  get #position(): FeedPosition {
    const versions = Object.entries(this.#states).map(([name, { version }]) => [name, version]);
    return {
      lineage: this.#lineage,
      states: Object.fromEntries(versions),
      logs: this.#logs,
      refused: this.#refused,
    };
  }

  /** @throws Fault CONFIG_REFUSED when a part of it cannot be used; nothing has changed then */
  async #take(message: FeedMessage): Promise<void> {
    const { log, signer } = this.#options;
    signer.learnTime(message.nowMs);
    const news = Object.entries(message.sections);
    const commits = news.map(([name]) => this.#check(name, message));
    for (const commit of commits) await commit();
    const isKnown = this.#lineage === message.lineage && this.#revision === message.revision;
    this.#lineage = message.lineage;
    this.#revision = message.revision;
    this.#heard.resolve();
    if (news.length === 0 && isKnown) return;
    this.#options.onChange?.();
    if (news.length === 0) return;
    const sections = news.map(([name]) => name);
    // How the other edges fare is told every few seconds.
    const level = sections.every((name) => name === 'edges') ? 'debug' : 'info';
    log[level]({ revision: message.revision, sections }, 'configuration taken from control');
    await this.#copy.write().catch((cause: unknown) => log.error({ err: cause }, 'configuration copy not written'));
  }

  /** What puts a section in force. Of one that this edge does not know, nothing. */
  #check(name: string, { sections, revision }: FeedMessage): () => void | Promise<void> {
    const taker = this.#takers.get(name);
    const news = sections[name];
    if (!taker || !news) return () => {};
    if (takesLog(taker)) {
      if (!isLogNews(news)) throw new Fault('ORIGIN_INVALID', { detail: { of: name } });
      const commit = taker.check(news);
      return async () => {
        await commit();
        this.#logs[name] = news.upTo;
      };
    }
    if (isLogNews(news)) throw new Fault('ORIGIN_INVALID', { detail: { of: name } });
    const commit = this.#checkState(taker, news, revision);
    return async () => {
      await commit();
      this.#states[name] = news;
      delete this.#refused[name];
      if (this.#refusal?.section === name) this.#refusal = undefined;
    };
  }

  #checkState(taker: StateTaker, { version, value }: StateNews, revision: number): () => void | Promise<void> {
    try {
      return taker.check(value);
    } catch (cause) {
      this.#refused[taker.name] = version;
      this.#refusal = { revision, section: taker.name, version };
      this.#heard.resolve();
      this.#options.onChange?.();
      throw new Fault('CONFIG_REFUSED', { cause, detail: { section: taker.name, version, revision } });
    }
  }

  async #restore(): Promise<void> {
    const { dataDir, log } = this.#options;
    try {
      const copy = await readCopy(dataDir);
      if (copy) await this.#goOnWith(copy);
    } catch (cause) {
      log.warn({ err: cause }, 'configuration copy on disk not usable');
    }
  }

  async #goOnWith({ lineage, revision, states, logs }: FeedCopy): Promise<void> {
    const takers = [...this.#takers.values()];
    const ofStates = takers.filter((taker): taker is StateTaker => !takesLog(taker) && taker.name in states);
    const commits = ofStates.map((taker) => taker.check(states[taker.name]?.value));
    for (const commit of commits) await commit();
    for (const { name } of ofStates) this.#states[name] = states[name] as StateNews;
    for (const taker of takers.filter((each): each is LogTaker => takesLog(each) && each.name in logs)) {
      const { upTo = 0, entries = [] } = logs[taker.name] ?? {};
      taker.restore(entries);
      this.#logs[taker.name] = upTo;
    }
    this.#lineage = lineage;
    this.#revision = revision;
  }

  #latest(): FeedCopy {
    const logs = [...this.#takers.values()].filter(takesLog).flatMap((taker) => {
      const upTo = this.#logs[taker.name];
      return upTo === undefined ? [] : [[taker.name, { upTo, entries: taker.kept() }] as const];
    });
    return {
      lineage: this.#lineage,
      revision: this.#revision,
      states: { ...this.#states },
      logs: Object.fromEntries(logs),
    };
  }
}

/** Leaves no listener behind: this signal lives as long as the edge, which may look for control for days. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return setTimeout(ms, undefined, { signal }).catch(() => {});
}
