/** The trainer's own part of a checkpoint (`state.json`): all that a run needs, besides weights and moments, to go on identically. */
import { z } from '../../src/core/zod';
import { StudioError } from '../../src/core/errors';
import type { LiveSettings } from '../../src/core/run/types';

const sums = z.array(z.number());
/** Absent where the loss is not scaled. */
const scaling = z.exactOptional(
  z.strictObject({ overflowed: z.number().int().min(0), scale: z.number(), skipped: z.number().int().min(0) }),
);
/** Absent where no objective says more than its loss. */
const figures = z.exactOptional(z.record(z.string(), z.strictObject({ sum: z.number(), count: z.number() })));
const place = z.number().int().min(0);
const cursor = z.strictObject({
  epoch: place,
  position: place,
  sorted: z.exactOptional(z.strictObject({ from: place, block: z.number().int().min(1), until: z.exactOptional(place) })),
});

const runStateSchema = z.strictObject({
  version: z.literal(1),
  /** Finished steps. */
  step: z.number().int().min(0),
  /** Predicted tokens so far, all channels. */
  tokens: z.number().int().min(0),
  channelTokens: z.record(z.string(), z.number().int().min(0)),
  sampler: z.strictObject({
    allocator: z.record(z.string(), z.number()),
    clients: z.exactOptional(z.record(z.string(), z.record(z.string(), z.number()))),
    cursors: z.record(z.string(), cursor),
    examples: z.exactOptional(z.record(z.string(), z.unknown())),
  }),
  window: z.strictObject({ nll: sums, tokens: sums, gradNormSum: z.number(), steps: z.number().int(), ms: z.number(), scaling, figures }),
  /** For a reader: what held when it was saved. A resumed run takes its settings from the recipe and the recorded changes. */
  settings: z.custom<LiveSettings>((value) => typeof value === 'object' && value !== null),
});

export type RunState = z.infer<typeof runStateSchema>;

/** @throws StudioError `checkpoint-corrupt` */
export function parseRunState(run: string, step: number, json: unknown): RunState {
  const result = runStateSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const detail = `state.json: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`;
  throw new StudioError('checkpoint-corrupt', `Checkpoint at step ${step} of run "${run}" is corrupt: ${detail}`, { run, step, detail });
}
