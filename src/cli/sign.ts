import type { Command } from './command.ts';
import { usage } from './failure.ts';
import { findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import { explainUrl } from './sign-explain.ts';
import { signOffline } from './sign-offline.ts';
import { signByServer } from './sign-server.ts';
import type { Terminal } from './terminal.ts';

export type SignCarrier = 'url' | 'cookies' | 'token';

/** What `sign` prints, whoever signed: the parts that belong to the carrier asked for. */
export interface Signed {
  readonly keyPairId: string;
  readonly expiresAt: string;
  readonly url?: string;
  readonly cookies?: Readonly<Record<string, string>>;
  readonly token?: string;
  readonly tokenUrl?: string;
  readonly pathUrl?: string;
}

export const sign: Command = {
  name: 'sign',
  says: 'sign a URL, cookies or a token; or explain why one is refused',
  takes: [{ name: '<url>', says: 'playback URL (or the id of an asset or a live stream, when the server signs)' }],
  options: [
    { flags: '--expires <when>', says: 'end of access: a span such as 90m, 1h or 7d, or a date (default 1h)' },
    { flags: '--starts <when>', says: 'begin of access, likewise (default now)' },
    { flags: '--ip <range>', says: 'address or CIDR block of the viewers; with --explain the address of the viewer' },
    { flags: '--cookies', says: 'signed cookies instead of a signed URL' },
    { flags: '--token', says: 'a token (JWT) instead of a signed URL' },
    { flags: '--key-pair-id <id>', says: 'id of the key, for signing without a server' },
    { flags: '--private-key <file>', says: 'private key (PEM), for signing without a server' },
    { flags: '--policy <file>', says: 'sign this custom policy (JSON) as it stands' },
    { flags: '--sha256', says: 'sign with SHA-256 instead of SHA-1, which older CloudFront signers use' },
    { flags: '--explain', says: 'decode what the URL carries and say what would refuse it' },
    { flags: '--public-key <file>', says: 'with --explain: check against this key (PEM) instead of the server’s' },
    { flags: '--cookie <header>', says: 'with --explain: the Cookie header sent with the URL' },
    ...SERVER_OPTIONS.filter(({ flags }) => !flags.startsWith('--token')),
    { flags: '--api-token <token>', says: 'API token that goes with --api (or FRONTROW_TOKEN)' },
    JSON_OPTION,
  ],
  more:
    'A playlist is signed so that it plays: cookies and tokens for .../master.m3u8 cover its whole folder. ' +
    'A URL with * in it covers what it says.',
  async run(given, terminal) {
    const url = given.argument('url');
    if (given.has('explain')) return explainUrl(url, given, terminal);
    given.atMostOne('cookies', 'token');
    for (const other of ['expires', 'starts', 'ip', 'token']) given.atMostOne('policy', other);
    given.atMostOne('sha256', 'token');
    const carrier: SignCarrier = given.has('cookies') ? 'cookies' : given.has('token') ? 'token' : 'url';
    if (given.has('privateKey') !== given.has('keyPairId')) {
      throw usage('--key-pair-id and --private-key belong together: give both or neither.');
    }
    if (given.has('privateKey')) return print(await signOffline(url, carrier, given), terminal);
    if (given.has('policy') || given.has('sha256')) {
      throw usage('--policy and --sha256 need --key-pair-id and --private-key: the server signs in its own way.');
    }
    print(await signByServer(url, carrier, given, await findServer(given, 'apiToken')), terminal);
  },
};

/** One line that can be used as it is: the URL, or a `name=value` a cookie. */
function print(signed: Signed, terminal: Terminal): void {
  const cookies = Object.entries(signed.cookies ?? {}).map(([name, value]) => `${name}=${value}`);
  const url = signed.url ?? signed.tokenUrl;
  terminal.answer(signed, url === undefined ? cookies : [url]);
}
