/**
 * What often stands where a file should be: the pointer that Git LFS leaves in a clone without its data, and a web page (a login, an
 * error, a viewer) that was saved in the file's place. Both are told by the first bytes, whatever the file's name says.
 */
import { StudioError } from './errors';

export type StandIn = { kind: 'git-lfs'; bytes: number | null } | { kind: 'web-page' };

/** Bytes at the beginning of a file that are enough to tell. */
export const STAND_IN_BYTES = 1024;

/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md; the second address is that of its first versions. */
const LFS = /^\uFEFF?version https:\/\/(?:git-lfs\.github\.com|hawser\.github\.com)\/spec\/v\d+\r?\n/;
const PAGE = /^\uFEFF?(?:\s|<\?xml[^>]*>|<!--[^]{0,400}?-->)*<(?:!doctype\s+html|html)[\s>]/i;

/** @param head the first bytes of a file, STAND_IN_BYTES or more where it has them */
export function standIn(head: Uint8Array): StandIn | null {
  const text = new TextDecoder().decode(head.subarray(0, STAND_IN_BYTES));
  if (LFS.test(text)) {
    const size = /^size (\d+)\s*$/m.exec(text);
    return { kind: 'git-lfs', bytes: size ? Number(size[1]) : null };
  }
  return PAGE.test(text) ? { kind: 'web-page' } : null;
}

/** The error that says so: `file-pointer` or `file-web-page`. */
export function standInError(file: string, found: StandIn): StudioError {
  if (found.kind === 'web-page') return new StudioError('file-web-page', `${file} is a web page, not the file`, { file });
  const bytes = found.bytes ?? '?';
  return new StudioError('file-pointer', `${file} is a Git LFS pointer to ${bytes} bytes, not the file`, { file, bytes });
}
