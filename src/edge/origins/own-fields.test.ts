import { expect, test } from 'vitest';
import { OwnFields } from './own-fields.ts';

const URL_OF_ORIGIN = new URL('https://origin.example:8443/');

function sent(settings: { headers?: string; host?: string }, viewedHost?: string) {
  const own = new OwnFields({ originHeaders: settings.headers ?? '', originHostHeader: settings.host ?? 'origin' });
  return own.forOrigin({ fields: ['Accept', '*/*', 'x-key', 'of the viewer'], viewedHost }, URL_OF_ORIGIN);
}

test("the operator's fields stand in place of the viewer's of the same name", () => {
  const { fields } = sent({ headers: 'X-Key: a:b, c\r\n\nAuthorization:Basic eDp5\n' });
  expect(fields).toEqual([
    ...['Host', 'origin.example:8443', 'Accept', '*/*'],
    ...['X-Key', 'a:b, c', 'Authorization', 'Basic eDp5'],
  ]);
});

test.each([
  ['origin', 'www.example', 'origin.example:8443', 'origin.example'],
  ['viewer', 'www.example', 'www.example', 'origin.example'],
  ['viewer', undefined, 'origin.example:8443', 'origin.example'],
  ['store.example:444', 'www.example', 'store.example:444', 'store.example'],
])('told to say the host of %s to %s, it says %s and has TLS check %s', (host, viewed, said, checked) => {
  const { fields, serverName } = sent({ host }, viewed);
  expect([fields[1], serverName]).toEqual([said, checked]);
});

test('an address is no name for TLS to ask for', () => {
  const own = new OwnFields({ originHeaders: '', originHostHeader: 'origin' });
  const nameOf = (url: string) => own.forOrigin({ fields: [] }, new URL(url)).serverName;
  expect([nameOf('https://10.0.0.1:8443'), nameOf('https://[::1]/')]).toEqual([undefined, undefined]);
});

test.each([
  ['no colon', 'secret-word', 'line 1 of FRONTROW_ORIGIN_HEADERS must be Name: value'],
  ['a name that is none', 'X-A: 1\nX Key: secret-word', 'line 2 of FRONTROW_ORIGIN_HEADERS must be Name: value'],
  ['what the edge writes', 'Via: secret-word', 'names Via, which the edge writes itself'],
  ['the signature of the fleet', 'Frontrow-Edge-Signature: secret-word', 'which the edge writes itself'],
  ['what is about one connection', 'Transfer-Encoding: secret-word', 'which the edge writes itself'],
  ['a control character', 'X-Key: secret-word\u0007', 'the value of X-Key must be'],
  ['too long a value', `X-Key: secret-word${'x'.repeat(1_783)}`, 'the value of X-Key must be'],
  ['too many', 'X-Key: secret-word\n'.repeat(31), 'may hold 30 fields'],
])('fields with %s are refused without a word of their values', (_what, headers, says) => {
  const make = () => new OwnFields({ originHeaders: headers, originHostHeader: 'origin' });
  expect(make).toThrow(says);
  expect(make).not.toThrow('secret-word');
});

test.each(['', 'a b', 'http://a', 'a/b', 'a, b'])('%j is no host', (host) => {
  expect(() => sent({ host })).toThrow('FRONTROW_ORIGIN_HOST_HEADER must be');
});
