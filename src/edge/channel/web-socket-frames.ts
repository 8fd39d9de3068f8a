/**
 * WebSocket frames as a server sends them, RFC 6455 section 5.2: whole messages, not masked, so that the same bytes are
 * good for every viewer and are made once.
 */
const FINAL = 0x80;
const TEXT = 0x1;
const BINARY = 0x2;

export function textFrame(text: string): Buffer {
  return frame(TEXT, Buffer.from(text));
}

export function binaryFrame(bytes: Uint8Array): Buffer {
  return frame(BINARY, bytes);
}

function frame(opcode: number, payload: Uint8Array): Buffer {
  const head = headOf(payload.byteLength);
  head[0] = FINAL | opcode;
  return Buffer.concat([head, payload]);
}

function headOf(length: number): Buffer {
  if (length < 126) return Buffer.from([0, length]);
  const head = Buffer.alloc(length < 65_536 ? 4 : 10);
  head[1] = length < 65_536 ? 126 : 127;
  if (length < 65_536) head.writeUInt16BE(length, 2);
  else head.writeUIntBE(length, 4, 6);
  return head;
}
