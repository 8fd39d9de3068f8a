import type { Clock } from '../kernel/clock.ts';
import { FAULTS, Fault, type FaultCode } from '../kernel/errors.ts';
import { COMMAND_SIGNATURE_HEADER, signCommand } from '../kernel/live/command-signature.ts';
import { type LiveCommand, liveCommandPath } from '../kernel/live/commands.ts';

export interface CommandSenderParts {
  readonly edgeSecret: string;
  /** Of this process, for streams that no node has; undefined where there is none. */
  readonly ownOrigin: () => string | undefined;
  readonly clock: Clock;
}

/** A stream, and the origin of the node that has it; absent while none does. */
interface Addressee {
  readonly id: string;
  readonly nodeUrl?: string;
}

/** Ending a broadcast writes its last segments. */
const PATIENCE_MS = 15_000;

/** Brings commands to the node that has a stream. */
export class CommandSender {
  readonly #parts: CommandSenderParts;

  constructor(parts: CommandSenderParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when it is done.
   * @throws Fault LIVE_NODE_AWAY, or what the node says
   */
  async send(stream: Addressee, command: LiveCommand, patienceMs = PATIENCE_MS): Promise<void> {
    const nodeUrl = stream.nodeUrl ?? this.#parts.ownOrigin();
    if (!nodeUrl) throw new Fault('LIVE_STREAM_IDLE');
    const target = liveCommandPath(stream.id);
    const body = JSON.stringify(command);
    const signature = signCommand(this.#parts.edgeSecret, target, body, this.#parts.clock.now());
    const response = await this.#post(`${nodeUrl}${target}`, body, signature, patienceMs);
    if (response.ok) return;
    throw faultOf(response.status, await response.text());
  }

  async #post(url: string, body: string, signature: string, patienceMs: number): Promise<Response> {
    try {
      return await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [COMMAND_SIGNATURE_HEADER]: signature },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(patienceMs),
      });
    } catch (cause) {
      throw new Fault('LIVE_NODE_AWAY', { cause });
    }
  }
}

/** Of the node's answers those that are about the caller's own doing are the caller's to read. */
function faultOf(status: number, text: string): Fault {
  const code = codeOf(text);
  if (code && FAULTS[code].side === 'viewer' && code !== 'COMMAND_SIGNATURE_INVALID') return new Fault(code);
  return new Fault('LIVE_NODE_AWAY', { detail: { status, code } });
}

function codeOf(text: string): FaultCode | undefined {
  try {
    const code = (JSON.parse(text) as { code?: unknown } | null)?.code;
    return typeof code === 'string' && Object.hasOwn(FAULTS, code) ? (code as FaultCode) : undefined;
  } catch {
    // A page of some proxy in between says nothing of the stream.
    return undefined;
  }
}
