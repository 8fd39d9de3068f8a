import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const at = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);

/** Uses up what it may open, and then asks for programs. */
const SCRIPT = `
import { openSync } from 'node:fs';
import { launcher } from ${at('confinement.ts')};
import { receiveSrt } from ${at('receiver.ts')};
import { streamFfmpeg, streamFfprobe } from ${at('streaming.ts')};
const bounds = { memoryBytes: 2 ** 30, fileBytes: 0 };
await launcher(bounds);
try {
  for (;;) openSync('/dev/null');
} catch {}
const starts = [() => streamFfmpeg([], 2, bounds), () => streamFfprobe('flv', [], bounds), () => receiveSrt(9)];
for (const start of starts) console.log(await start().then(() => 'started', () => 'refused'));
await new Promise((resolve) => setTimeout(resolve, 50));
console.log('alive');
`;

test('at the limit of open files no program is started, and the server lives on', async () => {
  const limited = 'ulimit -n 64; exec "$0" --input-type=module -e "$1"';
  const { stdout } = await promisify(execFile)('sh', ['-c', limited, process.execPath, SCRIPT]);
  expect(stdout).toBe('refused\nrefused\nrefused\nalive\n');
});
