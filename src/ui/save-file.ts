/** Gives the person a file, under a name that every file system takes. */
export function saveFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name.replace(/[^\p{L}\p{N}._-]+/gu, '-');
  link.click();
  // The browser has taken the blob when the click returns; the address may go after it.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
