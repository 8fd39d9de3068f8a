/** A worker as a process of its own, which a test can kill: `node transcode-process.ts FOLDER`. Prints `working` once. */
import { TranscodeScenario } from './transcode-scenario.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('which folder?');
const scenario = await TranscodeScenario.open({ chunkSegments: 2 }, folder);
await scenario.start();
process.stdout.write('working\n');
