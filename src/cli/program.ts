import { Command as Commander, CommanderError, Option as CommanderOption } from 'commander';
import { VERSION } from '../config/version.ts';
import { type Command, Given } from './command.ts';
import { Terminal } from './terminal.ts';

/** The only door to commander: commands in, an exit status out. What a command throws goes through. */
export async function runProgram(commands: readonly Command[], args: readonly string[]): Promise<number> {
  const program = new Commander('frontrow')
    .description('A self-hosted streaming CDN: upload a film, play it within seconds, sign who may watch.')
    .version(VERSION)
    .exitOverride()
    // What stands behind the name of a command is that command's, also where the one above has an option of that name.
    .enablePositionalOptions()
    .configureOutput({ outputError: sayUsage });
  for (const command of commands) program.addCommand(build(command));
  try {
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (cause) {
    return statusOf(cause);
  }
}

function build(command: Command): Commander {
  const built = new Commander(command.name).description(command.says).exitOverride().showHelpAfterError(false);
  built.configureOutput({ outputError: sayUsage });
  for (const { name, says } of command.takes ?? []) built.argument(name, says);
  for (const { flags, says, choices, repeats } of command.options ?? []) {
    const option = new CommanderOption(flags, says);
    if (repeats) option.argParser((value: string, before: string[] = []) => [...before, value]);
    built.addOption(choices ? option.choices([...choices]) : option);
  }
  if (command.children) built.enablePositionalOptions();
  if (command.more) built.addHelpText('after', `\n${command.more}`);
  for (const child of command.children ?? []) built.addCommand(build(child));
  const { run } = command;
  if (run) built.action(() => run(givenTo(built, command), new Terminal({ json: built.opts().json === true })));
  return built;
}

function givenTo(built: Commander, command: Command): Given {
  const names = (command.takes ?? []).map(({ name }) => name.replace(/[<>[\].]/g, ''));
  const takes = names.map((name, at): [string, string] => [name, built.args[at] ?? '']);
  return new Given(new Map(takes), built.opts(), built.args);
}

/** Commander's own complaints in the form of ours: one line, with the code. */
function sayUsage(text: string, write: (line: string) => void): void {
  const sentence = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\n\((Did you mean .*)\)$/, '. $1');
  write(`frontrow: ${sentence} (USAGE)\n`);
}

/** Help and version are no errors; what commander complains about it has said already. */
function statusOf(cause: unknown): number {
  if (!(cause instanceof CommanderError)) throw cause;
  return cause.exitCode === 0 ? 0 : 2;
}
