/** Weights split over several files, as `model.safetensors.index.json` lists them. */
import { z } from 'zod';
import { StudioError } from '../../../src/core/errors';

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string().min(1)) });

/** Tensor name → file that holds it. @throws StudioError `safetensors-invalid` */
export function readIndex(file: string, text: string): Map<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(file, error instanceof Error ? error.message : 'not JSON');
  }
  const parsed = indexSchema.safeParse(value);
  if (!parsed.success) throw invalid(file, 'weight_map is missing or is not a map of tensor names to files');
  return new Map(Object.entries(parsed.data.weight_map));
}

function invalid(file: string, detail: string): StudioError {
  return new StudioError('safetensors-invalid', `${file} is not a valid index of weight files: ${detail}`, { file, detail });
}
