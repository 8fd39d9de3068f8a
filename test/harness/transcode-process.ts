/** A worker as a process of its own, which a test can kill: `node transcode-process.ts FOLDER`. Prints `working` once. */
import { TranscodeScenario } from './transcode-scenario.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('which folder?');
const leaseMs = Number(process.env.FRONTROW_TEST_LEASE_MS ?? 15_000);
const chunkAttempts = Number(process.env.FRONTROW_TEST_ATTEMPTS ?? 4);
const scenario = await TranscodeScenario.open({ chunkSegments: 2, leaseMs, chunkAttempts }, folder);
// As a server does that has the folder for itself.
if (process.env.FRONTROW_TEST_ALONE) await scenario.store.start();
await scenario.start();
process.stdout.write('working\n');
