import { createHmac } from 'node:crypto';
import { signEdgeRequest, verifyEdgeRequest } from './edge-signature.ts';

/**
 * Who of a fleet's edges asks. Each has a key of its own, made of the fleet's secret and its id: who has the secret checks
 * any of them without looking anything up, and no edge can pass for another. Edges among themselves, who need not have the
 * secret, check by a second signature under a key that all of them are told.
 */
export interface EdgeCredential {
  readonly edgeId: string;
  readonly key: string;
}

export function edgeCredentialOf(edgeSecret: string, edgeId: string): EdgeCredential {
  return { edgeId, key: keyOf(edgeSecret, `frontrow edge ${edgeId}`) };
}

/** What edges of one fleet check each other by. */
export function peerSecretOf(edgeSecret: string): string {
  return keyOf(edgeSecret, 'frontrow peers');
}

/** The value of `EDGE_SIGNATURE_HEADER`: time, signature, id and, where another edge may be asked, what it checks. */
export function signAsEdge(
  { edgeId, key }: EdgeCredential,
  method: string,
  target: string,
  nowMs: number,
  peerSecret?: string,
): string {
  const own = `${signEdgeRequest(key, method, target, nowMs)},e=${edgeId}`;
  if (peerSecret === undefined) return own;
  const forPeer = signEdgeRequest(edgeCredentialOf(peerSecret, edgeId).key, method, target, nowMs);
  return `${own},p=${/v=(.*)$/.exec(forPeer)?.[1] ?? ''}`;
}

const VALUE = /^(t=\d{1,12}),(v=[\w-]{43}),e=(ed_[a-z0-9]{16})(?:,p=([\w-]{43}))?$/;

/** The id of the edge that signed this very request within the last minute; undefined for anybody else. */
export function verifyEdge(
  edgeSecret: string,
  method: string,
  target: string,
  value: string | undefined,
  nowMs: number,
): string | undefined {
  const [, time, own, edgeId = ''] = VALUE.exec(value ?? '') ?? [];
  const { key } = edgeCredentialOf(edgeSecret, edgeId);
  return verifyEdgeRequest(key, method, target, `${time},${own}`, nowMs) ? edgeId : undefined;
}

/** As `verifyEdge`, for an edge that is asked by another. */
export function verifyPeer(
  peerSecret: string,
  method: string,
  target: string,
  value: string | undefined,
  nowMs: number,
): string | undefined {
  const [, time, , edgeId = '', forPeer] = VALUE.exec(value ?? '') ?? [];
  const { key } = edgeCredentialOf(peerSecret, edgeId);
  return verifyEdgeRequest(key, method, target, `${time},v=${forPeer}`, nowMs) ? edgeId : undefined;
}

function keyOf(secret: string, purpose: string): string {
  return createHmac('sha256', secret).update(purpose).digest('base64url');
}
