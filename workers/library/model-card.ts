/** README.md of an exported checkpoint (a Hugging Face model card): base, mixture, training settings, held-out losses, licences of the text. */
import { bitsPerByte, perplexity, retention, RETENTION_LINE } from '../../src/core/metrics/loss';
import type { EvaluationRow, RunRecord } from '../../src/core/run/types';
import { methodLine } from '../../src/core/recipe/method';
import { phaseSpans, plannedSettings } from '../../src/core/recipe/phases';
import { settingsAt } from '../../src/core/run/live-changes';
import type { StoredCorpus } from '../storage/corpora';

export interface CardSource {
  run: RunRecord;
  step: number;
  /** Held-out loss of the base, and at this step. */
  base: EvaluationRow | null;
  evaluation: EvaluationRow | null;
  corpora: readonly StoredCorpus[];
  baseName: string;
  /** Name of the weight file where it is a GGUF file. */
  gguf: string | null;
  /** The adapter alone, in PEFT's format. */
  peft: boolean;
}

export function modelCard({ run, step, base, evaluation, corpora, baseName, gguf, peft }: CardSource): string {
  const { recipe } = run;
  const { shares, schedule } = settingsAt(recipe, run.changes, step);
  const { forkedFrom, chain } = run;
  const origin = [
    ...(forkedFrom ? [`Up to step ${forkedFrom.step} it is the run ${plain(forkedFrom.name)}, from whose checkpoint it was forked.`] : []),
    ...(chain ? [`It is stage ${chain.stage + 1} of ${chain.plan.stages.length} of the chain ${plain(chain.name)}.`] : []),
  ];
  const sections = [
    frontMatter(baseName, peft),
    `# ${plain(run.name)}`,
    `${plain(baseName)}, continued by Crossfade for ${step} of ${recipe.budget.steps} steps. ${peft ? 'It is an adapter; load it above its base with `peft`: `PeftModel.from_pretrained(base, folder)`.' : gguf === null ? 'Load it with `transformers`: `AutoModelForCausalLM.from_pretrained(folder)`.' : `Run it with llama.cpp (\`llama-cli -m ${gguf}\`) or Ollama (\`ollama create crossfade -f Modelfile\`).`}`,
    origin.join(' '),
    '## Mixture',
    table(
      ['channel', 'role', 'share', 'text'],
      recipe.channels.map(({ id, role, corpus }) => [id, role, `${((shares[id] ?? 0) * 100).toFixed(1)} %`, corpusName(corpora, corpus)]),
    ),
    '## Training',
    table(
      ['setting', 'value'],
      [
        ['strategy', recipe.strategy.kind],
        [
          'schedule',
          `${schedule.kind}, peak ${schedule.peakLr}, floor ${schedule.minRatio} × peak, warmup ${schedule.warmup.value} (${schedule.warmup.unit})`,
        ],
        ['batch', `${recipe.batchSize * recipe.gradientAccumulationSteps} rows × ${recipe.sequenceLength} tokens`],
        [
          'optimizer',
          `AdamW, β ${recipe.optimizer.beta1} / ${recipe.optimizer.beta2}, weight decay ${recipe.optimizer.weightDecay}, clip ${recipe.optimizer.maxGradNorm}${recipe.optimizer.layerDecay === undefined ? '' : `, rate × ${recipe.optimizer.layerDecay} a layer downwards`}`,
        ],
        ...(recipe.method ? [['method', methodLine(recipe.method)]] : []),
        ['dropout', String(recipe.dropout)],
        ['seed', String(recipe.seed)],
        ['device', plain(run.device)],
      ],
    ),
    recipe.phases
      ? table(
          ['phase', 'steps', 'shares', 'schedule', 'order'],
          phaseSpans(recipe).map(({ index, start, steps, phase }) => {
            const planned = plannedSettings(recipe, start);
            return [
              [String(index + 1), ...(phase?.name ? [plain(phase.name)] : [])].join(' · '),
              `${start + 1} – ${start + steps}`,
              recipe.channels.map(({ id }) => `${id} ${((planned.shares[id] ?? 0) * 100).toFixed(1)} %`).join(', '),
              `${planned.schedule.kind}, peak ${planned.schedule.peakLr}`,
              phase?.order ?? 'shuffled',
            ];
          }),
        )
      : '',
    run.changes.length > 0 ? `Settings were changed ${run.changes.length} times while it trained; changes.json lists them.` : '',
    '## Held-out loss',
    evaluation ? results(recipe.channels, base, evaluation) : 'This step was not evaluated.',
    '## Text and licences',
    [...new Set(recipe.channels.map(({ corpus }) => corpus))]
      .map((id) => {
        const corpus = corpora.find((candidate) => candidate.id === id);
        const labelled = corpus?.pseudo ? `; ${corpus.pseudo} of its ${corpus.documents.train} train rows were labelled by a model` : '';
        return `- **${corpusName(corpora, id)}**: ${corpus ? plain(corpus.licence) || 'licence not stated' : 'no longer stored'}${labelled}`;
      })
      .join('\n'),
    `The weights come from ${plain(baseName)}: its licence holds for them, and the licences of the text above for what was learnt from it.`,
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function frontMatter(baseName: string, peft: boolean): string {
  const fields = {
    library_name: peft ? 'peft' : 'transformers',
    pipeline_tag: 'text-generation',
    license: 'other',
    base_model: baseName,
    tags: ['continued-pretraining', 'crossfade'],
  };
  // JSON is YAML, and quotes whatever a name may hold.
  return `---\n${Object.entries(fields)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    .join('\n')}\n---`;
}

function results(channels: RunRecord['recipe']['channels'], base: EvaluationRow | null, now: EvaluationRow): string {
  const rows = channels.flatMap(({ id, role }) => {
    const after = now.channels[id];
    const before = base?.channels[id];
    if (!after) return [];
    return [
      [
        id,
        before ? before.loss.toFixed(4) : '—',
        after.loss.toFixed(4),
        perplexity(after.loss).toFixed(2),
        bitsPerByte(after.loss, after.tokens, after.bytes).toFixed(3),
        before && role === 'general' ? retention(before.loss, after.loss).toFixed(3) : '—',
      ],
    ];
  });
  const mean =
    now.retention === null
      ? ''
      : `\n\nMean general retention (base perplexity / this perplexity): ${now.retention.toFixed(3)}; above ${RETENTION_LINE} is acceptable.`;
  return table(['channel', 'base loss', 'loss', 'perplexity', 'bits per byte', 'retention'], rows) + mean;
}

function corpusName(corpora: readonly StoredCorpus[], id: string): string {
  return plain(corpora.find((corpus) => corpus.id === id)?.name ?? id);
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A person's text as one line of Markdown, with Markdown's special characters escaped. */
export function plain(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]<>|#]/g, '\\$&')
    .trim();
}
