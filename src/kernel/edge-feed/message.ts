import { Fault } from '../errors.ts';

/**
 * What control tells its edges at `GET /v1/edge/feed`: one long answer, a JSON document a line. Each message holds all
 * sections that differ from what the edge has, and is taken as a whole or not at all. One without sections is a heartbeat,
 * and says that the edge has everything up to `revision`.
 */
export interface FeedMessage {
  /** Names the database: numbers of another one mean nothing here. */
  readonly lineage: string;
  /** Grows with every change that edges must know. */
  readonly revision: number;
  /** Control's clock, in epoch milliseconds. */
  readonly nowMs: number;
  /** At least so often there is a message. */
  readonly beatMs: number;
  readonly sections: Readonly<Record<string, SectionNews>>;
}

export type SectionNews = StateNews | LogNews;

/** A section that is replaced as a whole. */
export interface StateNews {
  readonly version: string;
  readonly value: unknown;
}

/** What was added to a section that only grows. */
export interface LogNews {
  /** The entries come after this number; null where they are all that count, and what came before is not known. */
  readonly after: number | null;
  /** They are all up to this number. */
  readonly upTo: number;
  readonly entries: readonly unknown[];
}

/** What an edge has: a version of each state, the number of the last entry of each log. */
export interface FeedPosition {
  readonly lineage: string;
  readonly states: Readonly<Record<string, string>>;
  readonly logs: Readonly<Record<string, number>>;
  /** Versions that it cannot use and is not to be sent again. */
  readonly refused: Readonly<Record<string, string>>;
}

export function isLogNews(news: SectionNews): news is LogNews {
  return 'entries' in news;
}

/** @throws Fault ORIGIN_INVALID when any part is missing or of another type */
export function parseFeedMessage(text: string): FeedMessage {
  const value = parseJson(text);
  if (!isMessage(value)) throw new Fault('ORIGIN_INVALID', { detail: { of: 'feed message' } });
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Fault('ORIGIN_INVALID', { cause });
  }
}

function isMessage(value: unknown): value is FeedMessage {
  if (!isRecord(value) || typeof value.lineage !== 'string' || value.lineage === '') return false;
  if (![value.revision, value.nowMs, value.beatMs].every(Number.isSafeInteger)) return false;
  return isRecord(value.sections) && Object.values(value.sections).every(isNews);
}

function isNews(value: unknown): boolean {
  if (!isRecord(value)) return false;
  if (!('entries' in value)) return typeof value.version === 'string' && value.version !== '' && 'value' in value;
  const { after, upTo, entries } = value;
  return (after === null || Number.isSafeInteger(after)) && Number.isSafeInteger(upTo) && Array.isArray(entries);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const STATE = /^([a-z]+):([\w-]{1,64})$/;
const LOG = /^([a-z]+):(\d{1,15})$/;

/** The position as a query, without `?`. */
export function writePosition({ lineage, states, logs, refused }: FeedPosition): string {
  const list = (pairs: Readonly<Record<string, string | number>>) =>
    Object.entries(pairs)
      .map(([name, at]) => `${name}:${at}`)
      .join(',');
  return `lineage=${lineage}&states=${list(states)}&logs=${list(logs)}&refused=${list(refused)}`;
}

/** What cannot be read counts as nothing that the edge has. */
export function readPosition(query: Readonly<Record<string, string | undefined>>): FeedPosition {
  const pairs = (text: string | undefined, form: RegExp) =>
    (text ?? '').split(',').flatMap((each): [string, string][] => {
      const [, name, at] = form.exec(each) ?? [];
      return name === undefined || at === undefined ? [] : [[name, at]];
    });
  return {
    lineage: query.lineage ?? '',
    states: Object.fromEntries(pairs(query.states, STATE)),
    logs: Object.fromEntries(pairs(query.logs, LOG).map(([name, at]) => [name, Number(at)])),
    refused: Object.fromEntries(pairs(query.refused, STATE)),
  };
}
