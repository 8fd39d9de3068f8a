import { type AmfAnswer, type AmfObject, type AmfValue, readAmf, writeAmf } from './amf.ts';
import { OUR_CHUNK_BYTES, type RtmpMessage, TYPE, writeControl, writeMessage } from './message.ts';

/**
 * What a server that only takes publishers says to the commands of an encoder (Adobe's RTMP specification 1.0, section
 * 7.2, and what Flash Media Live Encoder added to it). Nothing is sent here: each message becomes acts, in order.
 */
export type Act =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** Somebody wants to publish; answer with `welcome` or `refusal`. */
  | { readonly kind: 'publish'; readonly streamKey: string }
  | { readonly kind: 'media'; readonly message: RtmpMessage }
  | { readonly kind: 'metadata'; readonly fields: AmfObject }
  | { readonly kind: 'goodbye' }
  /** This is not what the server is for; hang up behind what was sent. */
  | { readonly kind: 'hang-up'; readonly why: string };

/** The name that publishers find in the address, `rtmp://host/live`. */
const APPLICATION = 'live';
const LARGEST_COMMAND_BYTES = 64 * 1024;
const WINDOW_BYTES = 2_500_000;
const DYNAMIC_LIMIT = 2;
const MEDIA_STREAM = 1;

const PING_REQUEST = 6;
const PING_RESPONSE = 7;
const STREAM_BEGIN = 0;

export class Dialogue {
  #isConnected = false;
  #isPublishing = false;

  /** @throws RangeError when a command cannot be read. */
  take(message: RtmpMessage): Act[] {
    switch (message.type) {
      case TYPE.audio:
      case TYPE.video:
        return this.#isPublishing ? [{ kind: 'media', message }] : [];
      case TYPE.data:
        return this.#isPublishing ? metadata(message.payload) : [];
      case TYPE.command:
        return this.#command(message.payload);
      case TYPE.commandAmf3:
        return this.#command(message.payload.subarray(1));
      case TYPE.userControl:
        return pong(message.payload);
      default:
        return [];
    }
  }

  /** The publisher may begin. */
  welcome(): Uint8Array {
    return status('status', 'NetStream.Publish.Start', 'Go ahead.');
  }

  /** The publisher may not, or no longer; `says` is shown to whoever sits at the encoder. */
  refusal(says: string): Uint8Array {
    return status('error', 'NetStream.Publish.BadName', says);
  }

  #command(payload: Uint8Array): Act[] {
    if (payload.length > LARGEST_COMMAND_BYTES) throw new RangeError(`a command of ${payload.length} bytes`);
    const [name, number, ...values] = readAmf(payload);
    const transaction = typeof number === 'number' ? number : 0;
    if (name === 'connect') return this.#connect(transaction, values[0]);
    if (!this.#isConnected) return [{ kind: 'hang-up', why: 'a command before connect' }];
    switch (name) {
      case 'createStream':
        return [send(command('_result', transaction, null, MEDIA_STREAM))];
      case 'FCPublish':
        return [send(command('onFCPublish', 0, null, { code: 'NetStream.Publish.Start', description: '' }))];
      case 'publish':
        return this.#publish(values[1]);
      case 'play':
        return [
          send(status('error', 'NetStream.Play.Failed', 'Nothing can be watched here.')),
          { kind: 'hang-up', why: 'wants to play' },
        ];
      case 'FCUnpublish':
      case 'deleteStream':
      case 'closeStream':
        return this.#isPublishing ? [{ kind: 'goodbye' }] : [];
      default:
        // releaseStream, _checkbw and their like: encoders go on without an answer.
        return [];
    }
  }

  #connect(transaction: number, fields: AmfValue): Act[] {
    const application = fields instanceof Map ? fields.get('app') : undefined;
    const name = typeof application === 'string' ? application.replace(/[?/].*$/, '') : '';
    if (this.#isConnected || name !== APPLICATION) {
      const info = rejection('NetConnection.Connect.Rejected', `The address ends in /${APPLICATION}.`);
      return [send(command('_error', transaction, null, info)), { kind: 'hang-up', why: 'another application' }];
    }
    this.#isConnected = true;
    const info = {
      level: 'status',
      code: 'NetConnection.Connect.Success',
      description: 'Connected.',
      objectEncoding: 0,
    };
    return [
      send(writeControl(TYPE.windowSize, WINDOW_BYTES)),
      send(writeControl(TYPE.peerBandwidth, WINDOW_BYTES, DYNAMIC_LIMIT)),
      send(writeControl(TYPE.setChunkSize, OUR_CHUNK_BYTES)),
      send(command('_result', transaction, { fmsVer: 'FMS/3,0,1,123', capabilities: 31 }, info)),
    ];
  }

  #publish(name: AmfValue): Act[] {
    if (this.#isPublishing) return [{ kind: 'hang-up', why: 'publishes twice' }];
    const streamKey = typeof name === 'string' ? name.replace(/\?.*$/s, '') : '';
    if (streamKey === '') {
      return [send(this.refusal('A stream key is missing.')), { kind: 'hang-up', why: 'no stream key' }];
    }
    this.#isPublishing = true;
    return [send(userControl(STREAM_BEGIN, MEDIA_STREAM)), { kind: 'publish', streamKey }];
  }
}

/** The bytes that we say we have received, which is asked for by the window. */
export function acknowledge(receivedBytes: number): Uint8Array {
  return writeControl(TYPE.acknowledgement, receivedBytes % 2 ** 32);
}

/** How often: well within what any encoder waits for. */
export const ACKNOWLEDGE_BYTES = 1_000_000;

function send(bytes: Uint8Array): Act {
  return { kind: 'send', bytes };
}

function command(...values: readonly AmfAnswer[]): Uint8Array {
  return writeMessage({ type: TYPE.command, streamId: 0, payload: writeAmf(values) });
}

function status(level: string, code: string, description: string): Uint8Array {
  const payload = writeAmf(['onStatus', 0, null, { level, code, description }]);
  return writeMessage({ type: TYPE.command, streamId: MEDIA_STREAM, payload });
}

function rejection(code: string, description: string) {
  return { level: 'error', code, description };
}

function userControl(event: number, value: number): Uint8Array {
  const payload = new Uint8Array(6);
  const view = new DataView(payload.buffer);
  view.setUint16(0, event);
  view.setUint32(2, value);
  return writeMessage({ type: TYPE.userControl, streamId: 0, payload });
}

function pong(payload: Uint8Array): Act[] {
  if (payload.length < 6) return [];
  const view = new DataView(payload.buffer, payload.byteOffset);
  return view.getUint16(0) === PING_REQUEST ? [send(userControl(PING_RESPONSE, view.getUint32(2)))] : [];
}

/** `@setDataFrame`, `onMetaData`, fields. What else encoders send beside media (captions, cues) is passed over. */
function metadata(payload: Uint8Array): Act[] {
  if (payload.length > LARGEST_COMMAND_BYTES) return [];
  const fields = readAmf(payload).find((value) => value instanceof Map);
  return fields ? [{ kind: 'metadata', fields: fields as AmfObject }] : [];
}
