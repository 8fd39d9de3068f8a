/** The check sum of MPEG sections and Ogg pages: the polynomial 04c11db7, its highest bit first, nothing turned around. */
const STEPS = Int32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) rest = rest < 0 ? (rest << 1) ^ 0x04c11db7 : rest << 1;
  return rest;
});

/** Without a sign. `begin` is what the sum begins with: all ones in MPEG, 0 in Ogg. */
export function crc32(bytes: Uint8Array, begin: number): number {
  let rest = begin | 0;
  for (const byte of bytes) rest = (rest << 8) ^ (STEPS[(rest >>> 24) ^ byte] ?? 0);
  return rest >>> 0;
}
