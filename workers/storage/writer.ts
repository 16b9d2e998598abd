/**
 * Writes an OPFS file from its start: by a sync access handle, which is fastest but exists only in dedicated workers, elsewhere by a
 * writable stream.
 */
export interface ByteWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes and closes; the bytes are on the disk then. */
  close(): Promise<void>;
  /** Closes the file; its content is undefined then. */
  abort(): Promise<void>;
}

export type OpenWriter = (handle: FileSystemFileHandle) => Promise<ByteWriter>;

export function hasSyncAccess(handle: FileSystemFileHandle): boolean {
  return 'createSyncAccessHandle' in handle;
}

/** The bytes in unshared memory, copied if needed: writable streams and `crypto` refuse SharedArrayBuffer, in which the engine's tensors are. */
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
