import { describe, expect, test } from 'vitest';
import { parsePolicy } from './policy.ts';

const EXPIRY = { DateLessThan: { 'AWS:EpochTime': 4_102_444_800 } };

function write(condition: unknown, more: Record<string, unknown> = { Resource: 'https://h/*' }): string {
  return JSON.stringify({ Statement: [{ ...more, Condition: condition }] });
}

test('a whole policy is read, its white space and order as they may be', () => {
  const text = `{ "Statement": [ { "Condition": { "IpAddress": {"AWS:SourceIp": "203.0.113.7"},
    "DateGreaterThan": {"AWS:EpochTime": 1}, "DateLessThan": {"AWS:EpochTime": 2} }, "Resource": "*" } ] }`;
  const reading = parsePolicy(text);
  expect(reading).toMatchObject({ ok: true, policy: { resource: '*', lessThanSeconds: 2, greaterThanSeconds: 1 } });
  expect(reading.ok && reading.policy.sourceIp?.text).toBe('203.0.113.7/32');
});

test('the statement of long ago, without a list around it, is read', () => {
  expect(parsePolicy(JSON.stringify({ Statement: { Condition: EXPIRY } })).ok).toBe(true);
});

describe('what is no policy', () => {
  const statement = { Resource: '*', Condition: EXPIRY };
  test.each([
    ['text', 'hello', 'policy-json'],
    ['nothing', '', 'policy-json'],
    ['a list', '[]', 'policy-shape'],
    ['null', 'null', 'policy-shape'],
    ['no statement', '{}', 'policy-shape'],
    ['two statements', JSON.stringify({ Statement: [statement, statement] }), 'policy-shape'],
    ['no condition', JSON.stringify({ Statement: [{ Resource: '*' }] }), 'policy-shape'],
    ['a resource that is a list', write(EXPIRY, { Resource: ['*'] }), 'policy-shape'],
    ['a statement with an effect', write(EXPIRY, { Effect: 'Deny' }), 'policy-shape'],
    ['a condition misspelt', write({ ...EXPIRY, IPAddress: { 'AWS:SourceIp': '10.0.0.0/8' } }), 'policy-shape'],
    ['no expiry', write({}), 'policy-expiry'],
    ['an expiry as text', write({ DateLessThan: { 'AWS:EpochTime': '4102444800' } }), 'policy-expiry'],
    ['an expiry with a fraction', write({ DateLessThan: { 'AWS:EpochTime': 1.5 } }), 'policy-expiry'],
    ['an expiry before 1970', write({ DateLessThan: { 'AWS:EpochTime': -1 } }), 'policy-expiry'],
    ['an expiry beyond 2^63', write({ DateLessThan: { 'AWS:EpochTime': 1e19 } }), 'policy-expiry'],
    ['a start as text', write({ ...EXPIRY, DateGreaterThan: { 'AWS:EpochTime': 'now' } }), 'policy-start'],
    ['an address that is none', write({ ...EXPIRY, IpAddress: { 'AWS:SourceIp': 'home' } }), 'policy-address'],
    ['two addresses', write({ ...EXPIRY, IpAddress: { 'AWS:SourceIp': ['10.0.0.1', '10.0.0.2'] } }), 'policy-address'],
  ])('%s', (_, text, why) => expect(parsePolicy(text)).toEqual({ ok: false, why }));
});
