/** The 256 characters by which a byte-level BPE vocabulary writes bytes (GPT-2's `bytes_to_unicode`). */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  const printable = (byte: number): boolean => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
})();

const BYTES = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

/** Bytes that a vocabulary entry stands for; null when it is not written in the byte alphabet. */
export function tokenBytes(token: string): number[] | null {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = BYTES.get(character);
    if (byte === undefined) return null;
    bytes.push(byte);
  }
  return bytes;
}
