/**
 * Writes one OPFS file from its start. A sync access handle is the fastest way and exists in dedicated workers only;
 * elsewhere a writable stream does the same.
 */
export interface ByteWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes and closes: the bytes are on the disk. */
  close(): Promise<void>;
  /** Closes without any promise about the content. */
  abort(): Promise<void>;
}

export type OpenWriter = (handle: FileSystemFileHandle) => Promise<ByteWriter>;

export function hasSyncAccess(handle: FileSystemFileHandle): boolean {
  return 'createSyncAccessHandle' in handle;
}

/** A view over unshared memory: writable streams refuse shared buffers, which is what the engine's tensors live in. */
export function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}

/** Writes all of `bytes` at `at`; a short write means that the disk is full. */
export function writeFully(access: FileSystemSyncAccessHandle, bytes: Uint8Array, at: number): void {
  let done = 0;
  while (done < bytes.byteLength) {
    const count = access.write(bytes.subarray(done), { at: at + done });
    if (count === 0) throw new DOMException(`${bytes.byteLength - done} bytes could not be written`, 'QuotaExceededError');
    done += count;
  }
}

export const openWriter: OpenWriter = async (handle) => {
  if (hasSyncAccess(handle)) {
    const access = await handle.createSyncAccessHandle();
    access.truncate(0);
    let at = 0;
    return {
      async write(bytes) {
        writeFully(access, bytes, at);
        at += bytes.byteLength;
      },
      async close() {
        access.flush();
        access.close();
      },
      async abort() {
        access.close();
      },
    };
  }
  const stream = await handle.createWritable();
  return {
    write: (bytes) => stream.write(unshared(bytes)),
    close: () => stream.close(),
    abort: () => stream.abort(),
  };
};
