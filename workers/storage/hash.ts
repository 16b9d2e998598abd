/** SHA-256 as lower-case hex. */
import { createSHA256 } from 'hash-wasm';

export async function sha256(content: Uint8Array | string): Promise<string> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const unshared = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', unshared));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The same of a file on the disk, a piece at a time; the browser's own digest would want all of it in memory. */
export async function sha256OfBlob(blob: Blob): Promise<string> {
  const hash = await createSHA256();
  for await (const piece of blob.stream()) hash.update(piece);
  return hash.digest('hex');
}
