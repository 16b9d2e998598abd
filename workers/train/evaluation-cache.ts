/**
 * Evaluations of base models, kept in OPFS: a run on known weights and known held-out rows starts at once. The key is a hash of
 * all that the result depends on; the backend is part of it, since backends round differently.
 */
import { z } from '../../src/core/zod';
import type { EvaluationRow, RunRules } from '../../src/core/run/types';
import type { BackendName } from '../../src/contract/device';
import { files, type FileStore } from '../storage/files';
import { sha256 } from '../storage/hash';
import type { HeldOutChannel } from '../runtime/held-out';

export interface EvaluationSubject {
  backend: BackendName;
  /** Hash of the weights. */
  weights: string;
  tokenizer: string;
  channels: readonly HeldOutChannel[];
  context: number;
  rowsPerChannel: number;
  rowsPerBatch: number;
  /** Hash of the probes asked; absent where none are. */
  probes?: string;
  /** What channels are measured by where that is not the next token. */
  objectives?: string;
  /** Rules of the run, and the token that its texts start after; absent by the first rules. */
  rules?: RunRules;
  startOfText?: number;
}

const rowSchema = z.object({
  step: z.literal(0),
  channels: z.record(
    z.string(),
    z.object({ loss: z.number(), tokens: z.number(), bytes: z.number(), figures: z.record(z.string(), z.number()).optional() }),
  ),
  retention: z.number().nullable(),
  probes: z
    .object({
      items: z.number(),
      informative: z.array(z.enum(['grammar', 'commonsense', 'facts', 'logic'])),
      risk: z.object({ value: z.number(), interval: z.object({ low: z.number(), high: z.number() }).nullable() }).nullable(),
      grain: z.number(),
      answers: z.partialRecord(z.enum(['grammar', 'commonsense', 'facts', 'logic']), z.string()),
    })
    .optional(),
});

export async function evaluationCache(
  { channels, ...rest }: EvaluationSubject,
  store: FileStore = files,
): Promise<{ read(): Promise<EvaluationRow | null>; store(row: EvaluationRow): Promise<void> }> {
  const texts = await Promise.all(
    channels.map(async ({ id, tokens, documents }) => [
      id,
      await hashOf(tokens),
      // Equal tokens may come of other text, and of documents cut elsewhere.
      ...(documents ? [await hashOf(documents.starts), await hashOf(documents.bytes)] : []),
    ]),
  );
  const key = await sha256(new TextEncoder().encode(JSON.stringify({ version: 1, ...rest, texts })));
  const path = `evaluations/${key.slice(0, 32)}.json`;
  return {
    async read() {
      if (!(await store.exists(path))) return null;
      try {
        const { probes, ...row } = rowSchema.parse(JSON.parse(await store.readText(path)));
        return { ...(row as EvaluationRow), ...(probes ? { probes } : {}) };
      } catch {
        return null;
      }
    },
    async store(row) {
      // Only ever a saving of time: a full disk must not end the run.
      await store.write(path, JSON.stringify(row)).catch(() => undefined);
    },
  };
}

function hashOf({ buffer, byteOffset, byteLength }: Uint16Array | Uint32Array): Promise<string> {
  return sha256(new Uint8Array(buffer, byteOffset, byteLength));
}
