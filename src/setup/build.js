/**
 * What is published: the sources as JavaScript, since Node strips no types below a node_modules folder, and declarations
 * of what others import.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BIN, environment, Obstacle, ROOT, runQuietly, step } from './running.js';

const DIST = join(ROOT, 'dist');

export async function buildPackage(node) {
  await step('Compiling the package (tsc)', async () => {
    rmSync(DIST, { recursive: true, force: true });
    await compile(node, 'src/tsconfig.build.json');
    await compile(node, 'src/tsconfig.types.json');
    nameJavaScript();
  });
}

async function compile(node, project) {
  const { code, output } = await runQuietly([join(BIN, 'tsc'), '-p', project], environment(node));
  if (code !== 0) throw new Obstacle(`tsc -p ${project} ended with code ${code}:\n${output.trim()}`);
}

/** tsc leaves `.ts` in the imports of declarations, which only new compilers find a declaration by. */
function nameJavaScript() {
  for (const file of readdirSync(DIST, { recursive: true })) {
    if (!file.endsWith('.d.ts')) continue;
    const text = readFileSync(join(DIST, file), 'utf8');
    writeFileSync(join(DIST, file), text.replace(/((?:from|import) ?\(?')(\.{1,2}\/[^']+)\.ts'/g, "$1$2.js'"));
  }
}
