/** SHA-256 in lower-case hex, of bytes or text in memory and of files. */
import { createSHA256 } from 'hash-wasm';
import { unshared } from './writer';

export async function sha256(content: Uint8Array | string): Promise<string> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', unshared(bytes)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** SHA-256 of a file, read in pieces: `crypto.subtle.digest` would need the whole file in memory. */
export async function sha256OfBlob(blob: Blob): Promise<string> {
  const hash = await createSHA256();
  for await (const piece of blob.stream()) hash.update(piece);
  return hash.digest('hex');
}
