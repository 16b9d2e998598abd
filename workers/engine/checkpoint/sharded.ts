/** The weights of a model over one file or several, as `model.safetensors.index.json` lists them. */
import { z } from '../../../src/core/zod';
import { StudioError } from '../../../src/core/errors';
import { invalidSafetensors } from './header';
import { openSafetensors, type SafetensorsFile, type StoredTensor } from './safetensors';
import type { ByteSource } from './safetensors';

export interface WeightFile {
  name: string;
  bytes: ByteSource;
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string().min(1)) });

/** Tensor name → file that holds it. @throws StudioError `safetensors-invalid` */
export function readIndex(file: string, text: string): Map<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidSafetensors(file, 'index-unreadable');
  }
  const parsed = indexSchema.safeParse(value);
  if (!parsed.success) throw invalidSafetensors(file, 'index-unreadable');
  const entries = Object.entries(parsed.data.weight_map);
  for (const [tensor, found] of entries) if (/[\\/]|^\.+$/.test(found)) throw invalidSafetensors(file, 'index-path', { tensor, found });
  return new Map(entries);
}

/**
 * Opens all weight files by their headers and holds them against the index.
 * @throws StudioError `safetensors-invalid`, `file-missing` for a shard that is not there, `tensor-missing` for a tensor that is
 * not in the shard that the index names
 */
export async function openWeights(
  weights: readonly WeightFile[],
  index?: { name: string; text: string },
): Promise<{ files: SafetensorsFile[]; tensors: Map<string, StoredTensor> }> {
  const present = new Set(weights.map(({ name }) => name));
  const listed = index ? readIndex(index.name, index.text) : new Map<string, string>();
  for (const wanted of new Set(listed.values()))
    if (!present.has(wanted))
      throw new StudioError('file-missing', `${index!.name} lists ${wanted}, which is missing`, { file: index!.name, wanted });

  const files: SafetensorsFile[] = [];
  const tensors = new Map<string, StoredTensor>();
  for (const { name, bytes } of weights) {
    const file = await openSafetensors(name, bytes);
    files.push(file);
    for (const [tensor, stored] of file.tensors) {
      const other = tensors.get(tensor);
      if (other) throw invalidSafetensors(name, 'tensor-elsewhere', { tensor, other: other.file });
      tensors.set(tensor, stored);
    }
  }
  for (const [tensor, file] of listed)
    if (tensors.get(tensor)?.file !== file)
      throw new StudioError('tensor-missing', `${file} has no tensor "${tensor}", which ${index!.name} says it has`, { file, tensor });
  return { files, tensors };
}
