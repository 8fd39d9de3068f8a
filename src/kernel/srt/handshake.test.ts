import { describe, expect, test } from 'vitest';
import {
  destinationOf,
  HANDSHAKE,
  inductionAnswer,
  inductionOf,
  isAnswerTo,
  isMedia,
  isShutdown,
  newKeyMaterialAnswer,
  readConclusion,
  readHandshake,
  readNewKeyMaterial,
  rejection,
  saidAgain,
  shutdown,
  withKeyMaterial,
  withoutKeyMaterial,
} from './handshake.ts';

/** As libsrt 1.5 sends them: an induction, and a conclusion with a stream id and its wishes. */
const INDUCTION = Buffer.from(
  '8000000000000000000000ed00000000000000040000000225290dd7000005dc000020000000000127ad9e3a000000000100007f000000000000000000000000',
  'hex',
);
const CONCLUSION = Buffer.concat([
  Buffer.from(
    '800000000000000000001aaa00000000000000050000000525290dd7000005dc00002000ffffffff27ad9e3a161742dc0100007f000000000000000000000000',
    'hex',
  ),
  Buffer.from('00010003000105020000003f00780096', 'hex'),
  Buffer.from('00050002', 'hex'),
  Buffer.from('a_ks\0\0cb', 'latin1'), // sk_abc, each word from its end
]);

test('a handshake is read, and nothing else is one', () => {
  expect(readHandshake(INDUCTION)).toEqual({ version: 4, encryption: 0, type: 1, socketId: 0x27ad9e3a, cookie: 0 });
  expect(readHandshake(CONCLUSION)).toMatchObject({ type: HANDSHAKE.conclusion, cookie: 0x161742dc });
  expect(readHandshake(INDUCTION.subarray(0, 63))).toBeUndefined();
  expect(readHandshake(Buffer.alloc(64))).toBeUndefined();
  expect(destinationOf(INDUCTION.subarray(0, 15))).toBeUndefined();
});

test('an induction is answered with a cookie, and with no more than was asked', () => {
  const answer = inductionAnswer(INDUCTION, 0x01020304);
  expect(answer).toHaveLength(INDUCTION.length);
  expect(destinationOf(answer)).toBe(0x27ad9e3a);
  expect(readHandshake(answer)).toMatchObject({ version: 5, type: 1, cookie: 0x01020304 });
});

test('a second answer to an induction is none to the conclusion behind it, and a refusal is one', () => {
  const answers = [inductionAnswer(INDUCTION, 7), CONCLUSION, rejection(CONCLUSION, 1_401), Buffer.alloc(64)];
  expect(answers.map((each) => isAnswerTo(HANDSHAKE.induction, each))).toEqual([true, false, false, false]);
  expect(answers.map((each) => isAnswerTo(HANDSHAKE.conclusion, each))).toEqual([false, true, true, false]);
});

test('a conclusion says whose stream it is, and how long the caller would wait', () => {
  expect(readConclusion(CONCLUSION)).toEqual({ streamId: 'sk_abc', isEncrypted: false, latencyMs: 150 });
});

test('a caller that would encrypt is known by either of its marks', () => {
  const field = Buffer.from(CONCLUSION);
  field.writeUInt16BE(2, 20);
  const extension = Buffer.concat([CONCLUSION, Buffer.from('00030000', 'hex')]);
  expect([field, extension].map((each) => readConclusion(each).isEncrypted)).toEqual([true, true]);
});

test('extensions that are cut off are left out', () => {
  for (let length = 64; length < CONCLUSION.length; length += 1) {
    expect(readConclusion(CONCLUSION.subarray(0, length)).streamId).toBe('');
  }
});

describe('packets of our own', () => {
  const before = Buffer.from(CONCLUSION);

  test('a rejection has its reason behind a thousand', () => {
    expect(readHandshake(rejection(CONCLUSION, 1_401))?.type).toBe(2_401);
    expect(destinationOf(rejection(CONCLUSION, 1_401))).toBe(0x27ad9e3a);
  });

  test("a caller's handshake is done over again in its name", () => {
    expect(readHandshake(inductionOf(CONCLUSION))).toEqual(readHandshake(INDUCTION));
    const again = saidAgain(CONCLUSION, 7, 300);
    expect(readHandshake(again)).toMatchObject({ type: HANDSHAKE.conclusion, cookie: 7 });
    expect(Buffer.from(again).readUInt32BE(8)).toBe(0x1aaa + 300_000);
  });

  test('an encrypting caller is made one that does not encrypt, and is answered as one that does', () => {
    const message = Buffer.alloc(8, 7);
    const encrypting = Buffer.from(withKeyMaterial(CONCLUSION, message));
    encrypting.writeUInt16BE(3, CONCLUSION.length); // a question where ours is an answer
    encrypting.writeUInt16BE(2, 20);
    expect(readConclusion(encrypting)).toMatchObject({ isEncrypted: true, keyMaterial: message });
    expect(Buffer.from(withoutKeyMaterial(encrypting))).toEqual(CONCLUSION);
    expect(Buffer.from(withKeyMaterial(CONCLUSION, message)).readUInt16BE(22)).toBe(7); // with the mark of a key
  });

  test('a new key is heard and answered, and is no media', () => {
    const answer = newKeyMaterialAnswer(9, Buffer.of(1, 2, 3, 4));
    expect(destinationOf(answer)).toBe(9);
    expect(readNewKeyMaterial(answer)).toBeUndefined();
    const question = Buffer.from(answer);
    question.writeUInt16BE(3, 2);
    expect(readNewKeyMaterial(question)).toEqual(Buffer.of(1, 2, 3, 4));
    expect([question, INDUCTION, Buffer.alloc(15), Buffer.alloc(16)].map(isMedia)).toEqual([false, false, false, true]);
  });

  test('a shutdown is told to one socket', () => {
    expect(isShutdown(shutdown(9))).toBe(true);
    expect(destinationOf(shutdown(9))).toBe(9);
    expect(isShutdown(INDUCTION)).toBe(false);
  });

  test('none of them changes what was received', () => {
    expect(CONCLUSION.equals(before)).toBe(true);
  });
});
