import { expect, test } from 'vitest';
import { CLIENT_VARIABLES, environmentName, SETTINGS } from '../../src/config/settings.ts';
import { SCOPE_MEANINGS } from '../../src/kernel/access/api-token.ts';
import { FAULTS } from '../../src/kernel/errors.ts';

// These documents are printed from tables in the source. `npm test -- --project golden -u` writes them anew.

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const SIDES = {
  viewer: 'the request or the file',
  upstream: 'a server behind this one',
  ours: 'this server',
};

function printErrors(): string {
  const rows = Object.entries(FAULTS).map(([code, { status, side, says }]) => [
    `<a id="${code}"></a>\`${code}\``,
    `${status}`,
    SIDES[side],
    says,
  ]);
  return `# Errors

Printed from \`src/kernel/errors.ts\`; a test compares the two. A code never changes its meaning and is never used again
for another one, so scripts may branch on it. The API answers with a problem document (RFC 9457,
\`application/problem+json\`) that carries the code in \`code\`; an asset that is \`errored\` carries it in \`error.code\`.

${table(['Code', 'Status', 'Lies with', 'Says'], rows)}
`;
}

type Entry = (typeof SETTINGS)[keyof typeof SETTINGS];

function printDefault(setting: Entry): string {
  if (setting.kind === 'integer') return setting.default.toLocaleString('en-US', { useGrouping: false });
  return setting.default === '' ? 'empty' : `\`${setting.default}\``;
}

function printValues(setting: Entry): string {
  if (setting.kind === 'switch') return '`true` or `false`';
  if (setting.kind === 'text') return 'secret' in setting ? 'text, secret' : 'text';
  const unit = 'unit' in setting ? ` ${setting.unit}` : '';
  return `${setting.min} to ${setting.max}${unit}`;
}

function printSettings(): string {
  const rows = Object.entries(SETTINGS).map(([name, setting]) => [
    `\`${environmentName(name)}\``,
    printDefault(setting),
    printValues(setting),
    setting.says,
  ]);
  return `# Settings

Printed from \`src/config/settings.ts\`; a test compares the two. Each is an environment variable of the server; where
\`frontrow serve\` or \`frontrow edge\` has an option for the same thing, the option wins. A value out of bounds or a
\`FRONTROW_\` name that is not listed here stops the start with a sentence that says so.

${table(['Variable', 'Default', 'Values', 'What it decides'], rows)}

The command line reads ${CLIENT_VARIABLES.map((name) => `\`${name}\``).join(' and ')} to find a server: the API's address and a token for it.
`;
}

function printScopes(): string {
  const rows = Object.entries(SCOPE_MEANINGS).map(([scope, says]) => [`\`${scope}\``, says]);
  return `# Scopes

Printed from \`src/kernel/access/api-token.ts\`; a test compares the two. An API token carries some of them, a user has some
of them. A scope is a resource and a verb, and changing includes no reading: who shall do both has both.

${table(['Scope', 'What it lets do'], rows)}
`;
}

test('docs/errors.md lists every fault as the table has it', async () => {
  await expect(printErrors()).toMatchFileSnapshot('../../docs/errors.md');
});

test('docs/settings.md lists every setting as the table has it', async () => {
  await expect(printSettings()).toMatchFileSnapshot('../../docs/settings.md');
});

test('docs/scopes.md lists every scope as the table has it', async () => {
  await expect(printScopes()).toMatchFileSnapshot('../../docs/scopes.md');
});
