/**
 * A recipe for Megatron-LM (core 0.20): the blend of data, tokenizer, schedule, batch and parallel sizes as arguments of `pretrain_gpt.py`, with the
 * commands that turn texts into `.bin`/`.idx` (`indexed.py`) and the base into a checkpoint of Megatron and back.
 */
import { StudioError } from '../errors';
import type { Recipe, Schedule } from '../recipe/schema';
import { decayStart, warmupSteps } from '../schedule/schedule';
import { estimateTable, hardwareOf, type Hardware, type HardwareInput } from './estimate';
import { json, withRows, type ClusterFolder } from './export';
import indexedPy from './templates/indexed.py?raw';
import { collectLacks, lackLines, lackOfTrainers, type AddLack } from './lacks';

export function exportToMegatron(given: Recipe, input: HardwareInput = {}): ClusterFolder {
  const { method } = given;
  if (method)
    throw new StudioError('recipe-invalid', `The target megatron has no method "${method.kind}"; accepted: —`, {
      field: 'method.kind',
      value: method.kind,
      accepted: '—',
    });
  const hardware = hardwareOf(given, input);
  const { lacks, lack } = collectLacks();
  const recipe = structuredClone(given);
  withRows(recipe, hardware, lack);
  lackOfTrainers(recipe, lack);
  lack('metrics', 'training loss by channel', 'channelLoss');
  if (recipe.stopping.early) lack('stopping.early', recipe.stopping.early.patience, 'noStopping');
  const mixed = recipe.channels.filter(({ share }) => share > 0);
  const parallel = parallelSizes(hardware);
  return {
    files: {
      'indexed.py': indexedPy,
      'prepare.sh': prepare(mixed, parallel),
      'train.sh': train(recipe, mixed, hardware, parallel, lack),
      'recipe.json': json(recipe),
      'README.md': `# ${recipe.name}: continued pretraining with Megatron-LM

Made by Crossfade from a recipe. Steps ${recipe.budget.steps}, ${hardware.rows} rows of ${recipe.sequenceLength} tokens a step on ${hardware.gpus} GPUs: tensor parallel ${parallel.tensor}, pipeline parallel ${parallel.pipeline}.

    export MEGATRON=/path/to/Megatron-LM BRIDGE=/path/to/Megatron-Bridge
    bash prepare.sh      # texts to .bin and .idx, the base to a checkpoint of Megatron
    bash train.sh        # goes on from its last checkpoint

Back to Hugging Face: \`python "$BRIDGE/examples/conversion/convert_checkpoints.py" export --hf-model model --megatron-path run/checkpoints --hf-path run/final\`.

\`model/\` is the base "${recipe.base}" in Hugging Face layout; Megatron Bridge names the architectures that it reads. Texts lie in data/ as JSON Lines with the
column \`text\`; \`indexed.py\` (transformers, numpy) writes them as Megatron's .bin and .idx, with the end of text behind each document. Megatron draws rows (samples of ${recipe.sequenceLength} tokens), so that the blend's weights are the recipe's shares. Held-out loss is measured for each
channel (\`--multiple-validation-sets\`).

## Not in this target

${lackLines(lacks, 'Nothing: all of the recipe is done.')}

## Memory and time, estimated

${estimateTable({ context: recipe.sequenceLength, rows: hardware.rows, steps: recipe.budget.steps }, hardware)}

Licence of the code in this folder: Apache-2.0. Texts and models keep their own.
`,
    },
    lacks,
  };
}

interface Parallel {
  tensor: number;
  pipeline: number;
}

/** Within a machine by tensors; a 70B also by layers. What is left of the GPUs is data parallel. */
function parallelSizes({ size, gpus }: Hardware): Parallel {
  const wanted = { '1B': 1, '3B': 1, '7B': 2, '13B': 4, '30B': 8, '70B': 8 }[size ?? '1B'];
  let tensor = Math.min(wanted, gpus);
  while (gpus % tensor !== 0) tensor -= 1;
  const pipeline = size === '70B' && gpus / tensor >= 2 && (gpus / tensor) % 2 === 0 ? 2 : 1;
  return { tensor, pipeline };
}

const prepare = (mixed: Recipe['channels'], { tensor, pipeline }: Parallel): string => `#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Texts as Megatron reads them, and the base as a checkpoint with the parallel sizes of train.sh.
set -euo pipefail
cd "$(dirname "$0")"
python indexed.py ${mixed.map(({ id }) => id).join(' ')}
python "$BRIDGE/examples/conversion/convert_checkpoints.py" import --hf-model model --megatron-path run/base
echo "tensor parallel ${tensor}, pipeline parallel ${pipeline}: a distributed checkpoint is read at any sizes"
`;

function train(recipe: Recipe, mixed: Recipe['channels'], hardware: Hardware, { tensor, pipeline }: Parallel, lack: AddLack): string {
  const { optimizer, budget, evaluation, saving, logging, precision, sequenceLength, seed, packing } = recipe;
  const blend = (split: string) => mixed.map(({ id, share }) => `${share} blend/${split}-${id}_text_document`).join(' ');
  const data = hardware.gpus / tensor / pipeline;
  const micro = Math.max(
    ...Array.from({ length: hardware.rowsPerGpu }, (_, at) => at + 1).filter((one) => hardware.rows % (one * data) === 0),
  );
  const rows: (readonly [string, string | number] | readonly [string])[] = [
    ['save', 'run/checkpoints'],
    ['use-checkpoint-args'],
    ['ckpt-format', 'torch_dist'],
    ['tensor-model-parallel-size', tensor],
    ['pipeline-model-parallel-size', pipeline],
    ...(tensor > 1 ? [['sequence-parallel'] as const] : []),
    ['use-distributed-optimizer'],
    ['tokenizer-type', 'HuggingFaceTokenizer'],
    ['tokenizer-model', 'model'],
    ['train-data-path', blend('train')],
    ['valid-data-path', blend('heldOut')],
    ['multiple-validation-sets'],
    ['seq-length', sequenceLength],
    ['max-position-embeddings', sequenceLength],
    ...(packing === 'separate' ? ([['reset-position-ids'], ['reset-attention-mask'], ['eod-mask-loss']] as const) : []),
    ['micro-batch-size', micro],
    ['global-batch-size', hardware.rows],
    ['train-iters', budget.steps],
    ...schedule(recipe.schedule, budget.steps, lack),
    ['optimizer', 'adam'],
    ['adam-beta1', optimizer.beta1],
    ['adam-beta2', optimizer.beta2],
    ['adam-eps', optimizer.epsilon],
    ['weight-decay', optimizer.weightDecay],
    ['clip-grad', optimizer.maxGradNorm],
    ['attention-dropout', 0],
    ['hidden-dropout', 0],
    ...(precision === 'f32' ? [] : ([[precision === 'bf16' ? 'bf16' : 'fp16']] as const)),
    ...(recipe.activationCheckpointing
      ? ([
          ['recompute-granularity', 'full'],
          ['recompute-method', 'uniform'],
          ['recompute-num-layers', 1],
        ] as const)
      : []),
    ['eval-interval', evaluation.everySteps],
    ['eval-iters', Math.max(1, Math.ceil(evaluation.rowsPerChannel / hardware.rows))],
    ['save-interval', saving.everySteps],
    ['log-interval', logging.everySteps],
    ['tensorboard-dir', 'run/tensorboard'],
    ['seed', seed],
  ];
  return `#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")"
export CUDA_DEVICE_MAX_CONNECTIONS=1
# The base at first; later the run's own last checkpoint, with its optimizer and its place in the data.
FROM=(--load run/base --finetune)
if [ -f run/checkpoints/latest_checkpointed_iteration.txt ]; then FROM=(--load run/checkpoints); fi
ARGUMENTS=(
${rows.map(([name, value]) => `  --${name}${value === undefined ? '' : ` ${value}`}`).join('\n')}
)
exec torchrun --nproc-per-node "\${GPUS:-${hardware.gpus}}" "$MEGATRON/pretrain_gpt.py" "\${FROM[@]}" "\${ARGUMENTS[@]}" "$@"
`;
}

/** Megatron counts its warmup among the steps of the decay; its exponential falls by another law than MiniCPM's. */
function schedule(given: Schedule, steps: number, lack: AddLack): (readonly [string, string | number])[] {
  const { kind, peakLr, minRatio, decayShape } = given;
  if (kind === 'wsd' && decayShape === 'exponential') lack('schedule.decayShape', decayShape, 'decayShape');
  const shape = { linear: 'linear', exponential: 'linear', cosine: 'cosine', sqrt: 'minus_sqrt' }[decayShape];
  return [
    ['lr', peakLr],
    ['min-lr', kind === 'constant' ? peakLr : Number((peakLr * minRatio).toPrecision(12))],
    ['lr-decay-style', kind === 'wsd' ? 'WSD' : kind],
    ['lr-warmup-iters', warmupSteps(given, steps)],
    ['lr-decay-iters', steps],
    ...(kind === 'wsd'
      ? ([
          ['lr-wsd-decay-style', shape],
          ['lr-wsd-decay-iters', steps - decayStart(given, steps)],
        ] as const)
      : []),
  ];
}
