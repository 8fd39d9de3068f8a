import { FAULTS, type FaultCode } from '../errors.ts';
import type { ChannelState } from './channel.ts';
import { isCount, readJsonObject } from './channel-request.ts';

/** Says who is at the other end has been passed on already: two nodes that each take the other for the one must not circle. */
export const PASSED_ON_HEADER = 'frontrow-passed-on';

/**
 * What an edge and the node of a stream say to each other about a channel, beside the viewers' own events and media,
 * which go over it as they are. Both ends are ours, and the edge has signed for the connection.
 */
export const LINK_PROTOCOL = 'frontrow.channel-link.v1';

/** Whom something is said for. */
export interface LinkViewer {
  readonly address: string;
  /** Of the grant that let him in; empty for none. */
  readonly grantId: string;
}

export type FromEdge =
  /**
   * Comes first; the numbers are of the last event that it has. Who comes again under the same `link` has lost the connection
   * that it had, whether or not that was heard of.
   */
  | { readonly type: 'open'; readonly epoch: string; readonly sequence: number; readonly link?: string }
  /** All that it needs from now on. */
  | { readonly type: 'want'; readonly renditions: readonly string[]; readonly parts: boolean; readonly ingest: boolean }
  | { readonly type: 'audience'; readonly viewers: number; readonly reactions: Readonly<Record<string, number>> }
  | {
      readonly type: 'say';
      readonly id: number;
      readonly viewer: LinkViewer;
      readonly name: string;
      readonly text: string;
      /** The viewer's own, under which nothing is said twice; empty for none. */
      readonly ref: string;
    }
  | { readonly type: 'claim'; readonly id: number; readonly viewer: LinkViewer; readonly streamKey: string };

export type FromNode =
  | ({ readonly type: 'state-of' } & ChannelState)
  /** To `say` and `claim`. */
  | { readonly type: 'answer'; readonly id: number; readonly code?: FaultCode; readonly retryAfterMs?: number }
  | { readonly type: 'ingest'; readonly ingest: unknown };

/** Undefined for what no edge of this version says. */
export function parseFromEdge(text: string): FromEdge | undefined {
  const fields = readJsonObject(text);
  return fields && isFromEdge(fields) ? fields : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

function isFromEdge(fields: Fields): fields is Fields & FromEdge {
  const { type } = fields;
  if (type === 'open')
    return isText(fields.epoch) && isCount(fields.sequence) && (fields.link === undefined || isText(fields.link));
  if (type === 'want') return isTexts(fields.renditions) && isFlag(fields.parts) && isFlag(fields.ingest);
  if (type === 'audience') return isCount(fields.viewers) && isRecord(fields.reactions, isCount);
  if (!isCount(fields.id) || !isRecord(fields.viewer, isText)) return false;
  if (typeof fields.viewer.address !== 'string' || typeof fields.viewer.grantId !== 'string') return false;
  if (type === 'say') return isText(fields.name) && isText(fields.text) && isText(fields.ref);
  return type === 'claim' && isText(fields.streamKey);
}

/** What the node says of itself; undefined for everything else, such as events. */
export function readFromNode(fields: Fields): FromNode | undefined {
  return isFromNode(fields) ? fields : undefined;
}

function isFromNode(fields: Fields): fields is Fields & FromNode {
  const { type } = fields;
  if (type === 'state-of') return isText(fields.epoch) && isCount(fields.sequence) && isCount(fields.replayFrom);
  if (type === 'answer') return isCount(fields.id) && (fields.code === undefined || isFaultCode(fields.code));
  return type === 'ingest';
}

function isFaultCode(value: unknown): value is FaultCode {
  return typeof value === 'string' && Object.hasOwn(FAULTS, value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText);
}

function isRecord<T>(value: unknown, isEach: (each: unknown) => each is T): value is Record<string, T> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isEach);
}
