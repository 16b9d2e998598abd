/** Ending of a run's file, which holds everything but weights. */
export const RUN_FILE = '.crossfade';

/** A file name without its ending that every file system takes: letters and digits of any script, and a dash for all else. */
export function plainFileName(name: string, instead: string): string {
  const plain = name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '');
  return plain === '' ? instead : plain;
}
