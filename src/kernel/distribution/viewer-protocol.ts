import type { ViewerProtocolPolicy } from './model.ts';

/** How somebody asked. */
export interface Arrival {
  readonly scheme: 'http' | 'https';
  readonly method: string;
  /** `1.0`, `1.1`, `2.0`. */
  readonly httpVersion: string;
  /** The value of `Host`; empty where none was sent. */
  readonly host: string;
}

/** What becomes of him: undefined when he may go on. 307 has a client send method and body again, which 301 does not. */
export function judgeProtocol(policy: ViewerProtocolPolicy, arrival: Arrival): 301 | 307 | 403 | undefined {
  if (policy === 'allow-all' || arrival.scheme === 'https') return undefined;
  if (policy === 'https-only' || arrival.host === '') return 403;
  if (arrival.method === 'GET' || arrival.method === 'HEAD') return 301;
  return arrival.httpVersion === '1.0' ? 403 : 307;
}

export interface Redirection {
  readonly location: string;
  readonly contentType: string;
  readonly body: string;
}

const TITLES = { 301: '301 Moved Permanently', 307: '307 Temporary Redirect' } as const;

/** The same host, path and query by https, and the page that nginx and CloudFront send with it. */
export function redirectionFor(status: 301 | 307, host: string, target: string, httpsPort = 443): Redirection {
  const name = host.replace(/:\d*$/, '');
  const port = httpsPort === 443 ? '' : `:${httpsPort}`;
  const title = TITLES[status];
  const lines = [
    '<html>',
    `<head><title>${title}</title></head>`,
    '<body>',
    `<center><h1>${title}</h1></center>`,
    '<hr><center>frontrow</center>',
    '</body>',
    '</html>',
  ];
  return {
    location: `https://${name}${port}${target}`,
    contentType: 'text/html',
    body: lines.map((line) => `${line}\r\n`).join(''),
  };
}
