import { retryDelayMs } from '../../api/event-feed.ts';
import { Cell } from '../../cell.ts';
import { chooseContainer, isHopeless, isTooFarBehind, outcomeOf, queueSeconds } from './publisher-rules.ts';

/** One blob of the recorder: short enough to be a small part of the delay, long enough to be worth a frame of its own. */
const CHUNK_MS = 150;
/** Segments begin with a key frame, and a top rung that is passed on as it comes needs them as regular as ours. */
const KEY_FRAME_MS = 1_000;
const SOUND_BPS = 128_000;
const LOOK_MS = 500;

export type PublisherPhase = 'connecting' | 'live' | 'reconnecting' | 'refused' | 'finished';

export interface PublisherState {
  readonly phase: PublisherPhase;
  /** Why it was refused. */
  readonly code?: string;
  /** When the server first accepted; epoch milliseconds. */
  readonly liveSinceMs?: number;
  readonly sentBytes: number;
  /** What the connection has not taken yet, in seconds of what is sent. */
  readonly queueSeconds: number;
  readonly sentBps: number;
  /** Connections that were lost. */
  readonly drops: number;
}

export interface PublisherOptions {
  readonly address: string;
  readonly streamKey: string;
  readonly stream: MediaStream;
  readonly videoBps: number;
}

const START: PublisherState = { phase: 'connecting', sentBytes: 0, queueSeconds: 0, sentBps: 0, drops: 0 };

/**
 * Records a stream piece by piece and sends the pieces over a WebSocket. A line that drops is dialled again with a new
 * recorder, since a recording can only be read from its beginning; so is one that falls hopelessly behind.
 */
export class Publisher {
  readonly state = new Cell<PublisherState>(START);
  readonly #options: PublisherOptions;
  #socket: WebSocket | undefined;
  #recorder: MediaRecorder | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #look: ReturnType<typeof setInterval> | undefined;
  #lookedAtBytes = 0;
  #failures = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  start(): void {
    this.#look = setInterval(() => this.#measure(), LOOK_MS);
    this.#dial();
  }

  /** Sends what is recorded, says goodbye, and waits for the server to have all of it. */
  async finish(): Promise<void> {
    this.#endTimers();
    // What is lost from here on is not dialled again.
    const socket = this.#socket;
    this.#socket = undefined;
    await this.#endRecorder();
    this.#change({ phase: 'finished', queueSeconds: 0, sentBps: 0 });
    if (socket?.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify({ type: 'finished' }));
    await closed(socket);
  }

  /** Leaves without a word, as a closed tab does. */
  abandon(): void {
    this.#endTimers();
    this.#hangUp();
  }

  #dial(): void {
    const socket = new WebSocket(this.#options.address);
    this.#socket = socket;
    const { stream, streamKey } = this.#options;
    const mimeType = chooseContainer(stream.getAudioTracks().length > 0, (type) => MediaRecorder.isTypeSupported(type));
    socket.onopen = () => socket.send(JSON.stringify({ type: 'publish', streamKey, mimeType }));
    socket.onmessage = ({ data }) => this.#hear(data, mimeType);
    socket.onclose = () => this.#lost(socket);
  }

  #hear(data: unknown, mimeType: string): void {
    const message = JSON.parse(String(data)) as { type?: string; code?: string };
    if (message.type === 'accepted') this.#accepted(mimeType);
    else if (message.type === 'refused') this.#refused(message.code ?? 'REFUSED');
  }

  #accepted(mimeType: string): void {
    const socket = this.#socket;
    if (!socket) return;
    try {
      this.#record(socket, mimeType);
    } catch {
      // Such as of a camera that was unplugged a moment ago.
      this.#refused('RECORDER_FAILED');
    }
  }

  #record(socket: WebSocket, mimeType: string): void {
    const recorder = new MediaRecorder(this.#options.stream, {
      mimeType,
      videoBitsPerSecond: this.#options.videoBps,
      audioBitsPerSecond: SOUND_BPS,
      videoKeyFrameIntervalDuration: KEY_FRAME_MS,
    } as MediaRecorderOptions);
    recorder.ondataavailable = ({ data }) => {
      if (data.size === 0 || socket.readyState !== WebSocket.OPEN) return;
      socket.send(data);
      this.#change({ sentBytes: this.state.value.sentBytes + data.size });
    };
    recorder.onerror = () => this.#lost(socket);
    recorder.start(CHUNK_MS);
    this.#recorder = recorder;
    this.#failures = 0;
    this.#change({ phase: 'live', liveSinceMs: this.state.value.liveSinceMs ?? Date.now() });
  }

  #refused(code: string): void {
    // Who was on air already goes on trying: the server may still hold on to the old connection, or start anew itself.
    if (this.state.value.phase !== 'connecting' && !isHopeless(code)) return;
    this.#endTimers();
    this.#hangUp();
    this.#change({ ...outcomeOf(code), queueSeconds: 0, sentBps: 0 });
  }

  #lost(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    const { phase, drops } = this.state.value;
    this.#hangUp();
    if (phase === 'refused' || phase === 'finished') return;
    this.#change({ phase: 'reconnecting', drops: phase === 'live' ? drops + 1 : drops, queueSeconds: 0, sentBps: 0 });
    this.#retry = setTimeout(() => this.#dial(), retryDelayMs(this.#failures));
    this.#failures += 1;
  }

  #measure(): void {
    const { sentBytes, phase } = this.state.value;
    if (phase !== 'live' || !this.#socket) return;
    const sentBps = ((sentBytes - this.#lookedAtBytes) * 8_000) / LOOK_MS;
    this.#lookedAtBytes = sentBytes;
    const behind = queueSeconds(this.#socket.bufferedAmount, this.#options.videoBps + SOUND_BPS);
    this.#change({ sentBps, queueSeconds: behind });
    // Nobody wants the past live: begin anew with the present.
    if (isTooFarBehind(behind)) this.#lost(this.#socket);
  }

  async #endRecorder(): Promise<void> {
    const recorder = this.#recorder;
    this.#recorder = undefined;
    if (!recorder || recorder.state === 'inactive') return;
    await new Promise<void>((resolve) => {
      recorder.onstop = () => resolve();
      recorder.stop(); // Its last piece comes before `stop`.
    });
  }

  #hangUp(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    void this.#endRecorder();
    socket?.close();
  }

  #endTimers(): void {
    clearTimeout(this.#retry);
    clearInterval(this.#look);
  }

  #change(part: Partial<PublisherState>): void {
    this.state.update((now) => ({ ...now, ...part }));
  }
}

function closed(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    // A server that says nothing keeps nobody here.
    const patience = setTimeout(() => socket.close(), 5_000);
    socket.onclose = () => {
      clearTimeout(patience);
      resolve();
    };
  });
}
