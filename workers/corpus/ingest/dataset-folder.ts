/**
 * What Hugging Face `datasets` keeps beside the data of a saved data set: descriptions, and results of earlier steps that repeat its rows.
 * https://huggingface.co/docs/datasets/process#save
 */

/** Names of descriptions, each with a key that it has and other files of that name hardly have. */
const DESCRIPTIONS: Readonly<Record<string, readonly string[]>> = {
  'state.json': ['_data_files', '_fingerprint'],
  'dataset_info.json': ['features', 'builder_name'],
  'dataset_infos.json': ['features'],
  'dataset_dict.json': ['splits'],
};
const CACHE = /^cache-[0-9a-f]{16}(?:_\d+_of_\d+)?\.arrow$/;

/** @param head the beginning of the file */
export function isDatasetMetadata(path: string, head: Uint8Array): boolean {
  const name = path.split('/').at(-1)!;
  if (CACHE.test(name)) return true;
  const keys = DESCRIPTIONS[name];
  if (!keys) return false;
  const text = new TextDecoder().decode(head);
  return keys.some((key) => text.includes(`"${key}"`));
}
