import { apply } from './apply/apply.ts';
import { asset } from './asset.ts';
import { audit } from './audit.ts';
import { behavior } from './behavior.ts';
import { distribution } from './distribution.ts';
import { edge } from './edge.ts';
import { failureOf } from './failure.ts';
import { invalidate } from './invalidate.ts';
import { key } from './key.ts';
import { keyGroup } from './key-group.ts';
import { live } from './live.ts';
import { policy } from './policy.ts';
import { runProgram } from './program.ts';
import { serve } from './serve.ts';
import { sign } from './sign.ts';
import { token } from './token.ts';
import { upload } from './upload.ts';
import { user } from './user.ts';

const COMMANDS = [
  serve,
  edge,
  upload,
  asset,
  live,
  key,
  sign,
  apply,
  distribution,
  behavior,
  policy,
  keyGroup,
  invalidate,
  token,
  user,
  audit,
];

/** Runs one command and resolves to the exit status. What is no known failure is a bug and keeps its stack. */
export async function main(args: readonly string[]): Promise<number> {
  // A reader that has seen enough (`frontrow asset list | head`) closes the pipe; that is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  try {
    return await runProgram(COMMANDS, args);
  } catch (cause) {
    const failure = failureOf(cause);
    if (!failure) throw cause;
    process.stderr.write(`frontrow: ${failure.message} (${failure.code})\n`);
    for (const { says } of failure.fields) if (!failure.message.includes(says)) process.stderr.write(`  ${says}\n`);
    return failure.exitStatus;
  }
}
