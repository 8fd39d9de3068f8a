import { createHash, createHmac } from 'node:crypto';
import { signEdgeRequest, verifyEdgeRequest } from '../access/edge-signature.ts';

/**
 * What control puts on commands to the node of a stream. It is made under a key that edges, who have keys of their own, are
 * not told: none of them can end a broadcast. It covers the body too.
 */
export const COMMAND_SIGNATURE_HEADER = 'frontrow-command-signature';

export function signCommand(edgeSecret: string, target: string, body: string, nowMs: number): string {
  return signEdgeRequest(keyOf(edgeSecret), 'POST', signed(target, body), nowMs);
}

export function verifyCommand(
  edgeSecret: string,
  target: string,
  body: string,
  value: string | undefined,
  nowMs: number,
): boolean {
  return verifyEdgeRequest(keyOf(edgeSecret), 'POST', signed(target, body), value, nowMs);
}

function signed(target: string, body: string): string {
  return `${target}\n${createHash('sha256').update(body).digest('base64url')}`;
}

function keyOf(edgeSecret: string): string {
  return createHmac('sha256', edgeSecret).update('frontrow live commands').digest('base64url');
}
