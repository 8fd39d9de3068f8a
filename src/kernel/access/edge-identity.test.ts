import { expect, test } from 'vitest';
import { edgeCredentialOf, peerSecretOf, signAsEdge, verifyEdge, verifyPeer } from './edge-identity.ts';

const SECRET = 'of the fleet';
const ID = 'ed_abcdefghjkmnpqrs';
const OTHER = 'ed_bcdefghjkmnpqrst';
const NOW = 1_790_000_000_000;
const mine = edgeCredentialOf(SECRET, ID);

const check = (value: string, nowMs = NOW, target = '/a') => verifyEdge(SECRET, 'GET', target, value, nowMs);

test('who has the secret knows each edge by its own key', () => {
  expect(check(signAsEdge(mine, 'GET', '/a', NOW))).toBe(ID);
  expect(check(signAsEdge(edgeCredentialOf(SECRET, OTHER), 'GET', '/a', NOW))).toBe(OTHER);
});

test.each([
  ['of another fleet', signAsEdge(edgeCredentialOf('another', ID), 'GET', '/a', NOW)],
  ['of another method', signAsEdge(mine, 'HEAD', '/a', NOW)],
  ['of another target', signAsEdge(mine, 'GET', '/b', NOW)],
  ['older than a minute', signAsEdge(mine, 'GET', '/a', NOW - 61_000)],
  ['from after the next minute', signAsEdge(mine, 'GET', '/a', NOW + 62_000)],
  ['under the id of another edge', signAsEdge(mine, 'GET', '/a', NOW).replace(ID, OTHER)],
  ['without an id', signAsEdge(mine, 'GET', '/a', NOW).replace(/,e=.*/, '')],
  ['with more behind it', `${signAsEdge(mine, 'GET', '/a', NOW)},x=1`],
  ['that is none', ''],
])('a signature %s is refused', (_what, value) => {
  expect(check(value)).toBeUndefined();
});

test('an edge checks another by what all edges are told, which is not good for control or origin', () => {
  const peers = peerSecretOf(SECRET);
  const value = signAsEdge(mine, 'GET', '/a', NOW, peers);
  expect(verifyPeer(peers, 'GET', '/a', value, NOW)).toBe(ID);
  expect(check(value)).toBe(ID);
  const forged = signAsEdge({ edgeId: OTHER, key: 'guessed' }, 'GET', '/a', NOW, peers);
  expect(check(forged)).toBeUndefined();
  expect(verifyPeer(peers, 'GET', '/a', signAsEdge(mine, 'GET', '/a', NOW), NOW)).toBeUndefined();
  expect(verifyPeer(peers, 'GET', '/b', value, NOW)).toBeUndefined();
});
