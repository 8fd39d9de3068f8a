/** The built player, which control serves. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BIN, environment, LOCK, Obstacle, ROOT, runQuietly, step } from './running.js';

/** Newest change below a folder in epoch ms; folders count, because a removed file changes only its folder. */
function newestMs(folder, skip) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (skip.includes(entry.name)) continue;
    const path = join(folder, entry.name);
    newest = Math.max(newest, statSync(path).mtimeMs, entry.isDirectory() ? newestMs(path, skip) : 0);
  }
  return newest;
}

export async function ensurePlayer(node) {
  const player = join(ROOT, 'player-demo');
  if (!existsSync(join(player, 'index.html'))) {
    console.log('Note: player-demo/index.html is not there, so there is no player to build.');
    return;
  }
  const built = join(player, 'dist', 'index.html');
  const changedMs = Math.max(newestMs(player, ['dist', 'node_modules']), statSync(LOCK).mtimeMs);
  if (existsSync(built) && statSync(built).mtimeMs > changedMs) return;
  await step('Building the player (vite build)', async () => {
    const { code, output } = await runQuietly([join(BIN, 'vite'), 'build', 'player-demo'], environment(node));
    if (code !== 0) throw new Obstacle(`vite build ended with code ${code}:\n${output.trim()}`);
  });
}
