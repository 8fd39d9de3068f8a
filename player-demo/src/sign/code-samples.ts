import type { GrantChoice } from './grant-choice.ts';
import { readStart } from './grant-choice.ts';

/** What a sample needs beside the choice: where the film is, and which key signs. */
export interface SampleContext {
  readonly playbackUrl: string;
  /** undefined while there is no key of the user's own: the sample then shows where it goes. */
  readonly keyPairId: string | undefined;
  readonly algorithm: 'RSA' | 'ECDSA';
}

export interface CodeSample {
  readonly install: string;
  readonly code: string;
}

/** Code for a Node backend that makes exactly the chosen grant by itself, with no call to Frontrow. */
export function writeSample(choice: GrantChoice, context: SampleContext): CodeSample {
  switch (choice.carrier) {
    case 'url':
      return { install: 'npm install @aws-sdk/cloudfront-signer', code: writeUrlSample(choice, context) };
    case 'cookies':
      return { install: 'npm install @aws-sdk/cloudfront-signer', code: writeCookieSample(choice, context) };
    case 'token':
      return { install: 'npm install jsonwebtoken', code: writeTokenSample(choice, context) };
  }
}

function writeUrlSample(choice: GrantChoice, context: SampleContext): string {
  const startsAtMs = readStart(choice);
  const ip = choice.ip.trim();
  return lines(
    "import { readFileSync } from 'node:fs';",
    "import { getSignedUrl } from '@aws-sdk/cloudfront-signer';",
    '',
    ...keyLines(context),
    '',
    'export function signFilm() {',
    '  return getSignedUrl({',
    `    url: ${quote(context.playbackUrl)},`,
    '    keyPairId,',
    '    privateKey,',
    startsAtMs === undefined ? undefined : `    dateGreaterThan: ${quote(new Date(startsAtMs).toISOString())},`,
    `    dateLessThan: new Date(Date.now() + ${milliseconds(choice)}).toISOString(), // ${spanNote(choice)}`,
    ip ? `    ipAddress: ${quote(ip)},` : undefined,
    '  });',
    '}',
  );
}

function writeCookieSample(choice: GrantChoice, context: SampleContext): string {
  return lines(
    "import { readFileSync } from 'node:fs';",
    "import { getSignedCookies } from '@aws-sdk/cloudfront-signer';",
    '',
    ...keyLines(context),
    '',
    '/** Set these on the answer of the page that shows the film. */',
    'export function filmCookies() {',
    '  const policy = JSON.stringify({',
    '    Statement: [',
    '      {',
    `        Resource: ${quote(folderOf(context.playbackUrl))},`,
    '        Condition: {',
    ...conditionLines(choice),
    '        },',
    '      },',
    '    ],',
    '  });',
    '  const cookies = getSignedCookies({ policy, keyPairId, privateKey });',
    '  return Object.entries(cookies).map(',
    `    ([name, value]) => \`\${name}=\${value}; Path=${pathOf(folderOf(context.playbackUrl)).replace(/\*$/, '')}; HttpOnly; SameSite=Lax\`,`,
    '  );',
    '}',
  );
}

function conditionLines(choice: GrantChoice): readonly (string | undefined)[] {
  const startsAtMs = readStart(choice);
  const ip = choice.ip.trim();
  return [
    `          DateLessThan: { 'AWS:EpochTime': Math.floor(Date.now() / 1000) + ${seconds(choice)} }, // ${spanNote(choice)}`,
    startsAtMs === undefined
      ? undefined
      : `          DateGreaterThan: { 'AWS:EpochTime': ${Math.floor(startsAtMs / 1000)} },`,
    ip ? `          IpAddress: { 'AWS:SourceIp': ${quote(ip)} },` : undefined,
  ];
}

function writeTokenSample(choice: GrantChoice, context: SampleContext): string {
  const startsAtMs = readStart(choice);
  const ip = choice.ip.trim();
  return lines(
    "import { readFileSync } from 'node:fs';",
    "import jwt from 'jsonwebtoken';",
    '',
    ...keyLines(context),
    '',
    'export function filmUrl() {',
    '  const token = jwt.sign(',
    '    {',
    `      path: ${quote(pathOf(folderOf(context.playbackUrl)))},`,
    startsAtMs === undefined ? undefined : `      nbf: ${Math.floor(startsAtMs / 1000)},`,
    ip ? `      ip: ${quote(ip)},` : undefined,
    '    },',
    '    privateKey,',
    `    { algorithm: '${context.algorithm === 'ECDSA' ? 'ES256' : 'RS256'}', keyid: keyPairId, expiresIn: ${seconds(choice)} }, // ${spanNote(choice)}`,
    '  );',
    `  return \`${context.playbackUrl}?token=\${token}\`;`,
    '}',
  );
}

function keyLines(context: SampleContext): readonly string[] {
  return [
    `const keyPairId = ${quote(context.keyPairId ?? 'YOUR_KEY_PAIR_ID')};`,
    "const privateKey = readFileSync('frontrow-key.pem', 'utf8');",
  ];
}

function folderOf(playbackUrl: string): string {
  return playbackUrl.replace(/[^/]*$/, '*');
}

function pathOf(address: string): string {
  return address.replace(/^[a-z]+:\/\/[^/]+/i, '');
}

function seconds(choice: GrantChoice): string {
  return groupDigits(choice.expiresInSeconds);
}

function milliseconds(choice: GrantChoice): string {
  return groupDigits(choice.expiresInSeconds * 1000);
}

/** 3600000 as 3_600_000, as people write it in code. */
function groupDigits(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '_');
}

function spanNote(choice: GrantChoice): string {
  const hours = choice.expiresInSeconds / 3600;
  if (hours < 1) return `${Math.round(hours * 60)} minutes`;
  return hours < 48 ? `${Math.round(hours)} ${hours === 1 ? 'hour' : 'hours'}` : `${Math.round(hours / 24)} days`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function lines(...texts: readonly (string | undefined)[]): string {
  return texts.filter((text) => text !== undefined).join('\n');
}
