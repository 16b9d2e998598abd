/** A tokenizer as a download: a zip that `AutoTokenizer.from_pretrained` reads once unpacked. */
import type { TokenizerRef } from '../contract/tokenizer';
import { lab } from '../lab/lab';
import { saveFile } from '../ui/save-file';

/** @throws StudioError `file-missing` */
export async function exportTokenizer(ref: TokenizerRef, name: string): Promise<void> {
  saveFile(await lab.tokenizer.exportTokenizer(ref), `${name}.tokenizer.zip`);
}
