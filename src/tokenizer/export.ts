/** A tokenizer as a download: a zip that `AutoTokenizer.from_pretrained` reads once unpacked. */
import type { TokenizerRef } from '../../workers/api';
import { lab } from '../lab/lab';

/** @throws StudioError `file-missing` */
export async function exportTokenizer(ref: TokenizerRef, name: string): Promise<void> {
  const url = URL.createObjectURL(await lab.tokenizer.exportTokenizer(ref));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name.replace(/[^\p{L}\p{N}._-]+/gu, '-')}.tokenizer.zip`;
  link.click();
  URL.revokeObjectURL(url);
}
