/** Sections about the run: the diagnosis with its advice, and the recipe with what was changed while it trained. */
import { federatedLine } from '../../core/federated/clients';
import { automationFigures } from '../../core/mixture/automation';
import type { Advice } from '../../core/diagnosis/advice';
import type { Evidence, Finding } from '../../core/diagnosis/diagnose';
import { averageLine, distillationLine } from '../../core/recipe/distillation';
import { objectiveWeights } from '../../core/recipe/edits';
import { methodLine } from '../../core/recipe/method';
import { phaseSpans, plannedSettings } from '../../core/recipe/phases';
import { diffRecipes, type RecipeDifference } from '../../core/recipe/diff';
import type { Echo, Recipe } from '../../core/recipe/schema';
import { isSettingEvent, joinDrags, withSetting, type SettingEvent } from '../../core/run/events';
import type { Block, Cell, Section } from '../document';
import type { Naming } from '../naming';
import type { Report, ReportRun } from '../report';
import type { ReportWords } from '../words';

/** "Lower the peak learning rate: 3.0e-3 → 3.0e-4." @param shown of the advice's changes */
export function adviceSentence(advice: Advice, shown: readonly RecipeDifference[], { t }: ReportWords, naming: Naming): string {
  const changes = shown.map((change) => {
    const { field, from, to } = naming.difference(change);
    // A single change is what the advice itself names.
    return shown.length === 1 ? t('diagnosis.only', { from, to }) : t('diagnosis.change', { field, from, to });
  });
  return t('diagnosis.adviceWithChanges', { advice: t(`advice.${advice.kind}`), changes: changes.join(t('diagnosis.and')) });
}

/** Null where no run was read. */
export function diagnosisSection({ diagnosis }: Report, words: ReportWords, naming: Naming): Section | null {
  if (!diagnosis) return null;
  const { t } = words;
  const blocks: Block[] =
    diagnosis.length === 0
      ? [{ kind: 'text', text: t('diagnosis.nothing') }]
      : diagnosis.map((finding): Block => ({
          kind: 'finding',
          title: readingText(finding, 'what', words, naming),
          rows: rows(finding, words, naming),
        }));
  return { id: 'diagnosis', title: t('diagnosis.title'), blocks };
}

function rows(finding: Finding, words: ReportWords, naming: Naming): { name: string; text: string }[] {
  const { t } = words;
  const out: { name: string; text: string }[] = [];
  if (finding.evidence.length > 0)
    out.push({
      name: t('diagnosis.evidence'),
      text: finding.evidence.map((evidence) => evidenceText(evidence, words, naming)).join(t('diagnosis.and')),
    });
  out.push({ name: t('diagnosis.cause'), text: t(`finding.${finding.kind}.cause`) });
  out.push({ name: t('diagnosis.remedy'), text: readingText(finding, 'do', words, naming) });
  if (finding.advice) out.push({ name: t('diagnosis.next'), text: adviceSentence(finding.advice, finding.advice.changes, words, naming) });
  return out;
}

function evidenceText({ curve, channel, from, to }: Evidence, { t, format }: ReportWords, naming: Naming): string {
  const write = curve === 'retention' ? format.retention : format.loss;
  const name =
    curve === 'retention'
      ? t('curves.retention')
      : channel === 'total'
        ? t('diagnosis.trainTotal')
        : t(`diagnosis.${curve}`, { channel: naming.channel(channel) });
  if (from.step === to.step) return t('diagnosis.point', { curve: name, value: write(from.value), step: format.count(from.step) });
  return t('diagnosis.stretch', {
    curve: name,
    from: write(from.value),
    to: write(to.value),
    first: format.count(from.step),
    last: format.count(to.step),
  });
}

/** Sentences of the desk's readings; their values are losses, ratios and channel ids. */
function readingText({ kind, values }: Finding, part: 'what' | 'do', { t, format }: ReportWords, naming: Naming): string {
  const write: Readonly<Record<string, (value: number) => string>> = {
    retention: format.retention,
    step: format.count,
    epochs: (value) => format.decimal(value, 1),
  };
  const shown = Object.entries(values).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? naming.channel(value) : (write[name]?.(value) ?? format.decimal(value, 2)),
  ]);
  return t(`reading.${kind}.${part}`, Object.fromEntries(shown));
}

/** Steps within which moves of a fader are one move. */
const ONE_DRAG = 5;

/** The run itself: how it went, the recipe it started with, and what was changed while it trained. */
export function runSection({ run }: Report, words: ReportWords, naming: Naming): Section | null {
  if (!run) return null;
  const { t, format } = words;
  const { recipe } = run;
  const weights = objectiveWeights(recipe);
  const blocks: Block[] = [facts(run, words), recipeTable(run, words, naming)];
  blocks.push({
    kind: 'table',
    table: {
      caption: t('run.channels'),
      head: [t('channels.channel'), t('channels.role'), t('run.corpus'), t('run.share'), ...(weights ? [t('run.weight')] : [])],
      rows: recipe.channels.map(({ id, role, corpus, share, weight, generated }): Cell[] => [
        naming.channelCell(id),
        t(`role.${role}`),
        generated ? t('run.generated', { corpus: naming.corpus(corpus), ...written(generated) }) : naming.corpus(corpus),
        format.percent(share),
        ...(weight === undefined ? [] : [format.percent(weight)]),
      ]),
      words: 3,
    },
  });
  if (recipe.phases) blocks.push(phasesTable(recipe, words, naming));
  const moves = liveMoves(recipe, run.changes);
  blocks.push(
    moves.length === 0
      ? { kind: 'text', text: t('run.noChanges') }
      : {
          kind: 'table',
          table: {
            caption: t('run.changes'),
            head: [t('run.step'), t('run.field'), t('run.from'), t('run.to')],
            rows: moves.map(({ step, difference }): Cell[] => {
              const { field, from, to } = naming.difference(difference);
              return [format.count(step), field, from, to];
            }),
            words: 2,
          },
        },
  );
  blocks.push({ kind: 'code', title: t('run.json'), text: JSON.stringify(recipe, null, 2) });
  return { id: 'run', title: t('run.title'), blocks };
}

const written = ({ model, temperature, topP, seed }: Echo) => ({
  ...{ model, temperature: String(temperature), topP: String(topP), seed: String(seed) },
});

const pairs = (caption: string, head: string[], rows: Cell[][]): Block => ({ kind: 'table', table: { caption, head, rows, words: 2 } });

function facts(run: ReportRun, { t, format }: ReportWords): Block {
  return pairs(
    t('run.record'),
    [t('run.field'), t('run.value')],
    [
      [t('run.name'), run.name],
      [
        t('run.state'),
        run.stopReason === null ? t(`state.${run.state}`) : `${t(`state.${run.state}`)}: ${t(`stopReason.${run.stopReason}`)}`,
      ],
      [t('run.steps'), t('run.of', { step: format.count(run.step), steps: format.count(run.steps) })],
      [t('run.tokens'), format.count(run.tokens)],
      [t('run.device'), run.device],
      [t('run.began'), format.dateTime(run.createdAt)],
      ...(run.forkedFrom
        ? [[t('run.forkedFrom'), t('run.forked', { name: run.forkedFrom.name, step: format.count(run.forkedFrom.step) })]]
        : []),
      ...(run.chain ? [[t('run.chain'), `${run.chain.name} · ${run.chain.stage}`]] : []),
    ],
  );
}

function recipeTable({ recipe, base }: ReportRun, { t, format }: ReportWords, naming: Naming): Block {
  const { schedule, optimizer, evaluation, stopping } = recipe;
  const value = (field: string, of: string | number) => naming.difference({ field, a: String(of), b: '' }).from;
  return pairs(
    t('run.recipe'),
    [t('run.field'), t('run.value')],
    [
      [t('recipeField.base'), base ?? recipe.base],
      [t('recipeField.strategy'), value('strategy.kind', recipe.strategy.kind)],
      ...(recipe.automation
        ? [
            [
              t('recipeField.automation'),
              `${value('automation.kind', recipe.automation.kind)} ${automationFigures(recipe.automation)}`.trim(),
            ] as [string, string],
          ]
        : []),
      ...(recipe.federated ? [[t('recipeField.federated'), federatedLine(recipe.federated)] as [string, string]] : []),
      [t('recipeField.schedule'), value('schedule.kind', schedule.kind)],
      [t('recipeField.peakLr'), format.lr(schedule.peakLr)],
      [
        t('recipeField.warmup'),
        schedule.warmup.unit === 'ratio'
          ? format.percent(schedule.warmup.value)
          : t('run.warmupSteps', { steps: format.count(schedule.warmup.value) }),
      ],
      [
        t('run.wholeBatch'),
        t('run.batch', {
          rows: format.count(recipe.batchSize * recipe.gradientAccumulationSteps),
          context: format.count(recipe.sequenceLength),
        }),
      ],
      [t('recipeField.packing'), value('packing', recipe.packing)],
      [t('recipeField.steps'), format.count(recipe.budget.steps)],
      [t('run.optimizerLabel'), t('run.optimizer', { decay: String(optimizer.weightDecay), clip: String(optimizer.maxGradNorm) })],
      ...(optimizer.layerDecay === undefined ? [] : [[t('recipeField.layerDecay'), String(optimizer.layerDecay)] as [string, string]]),
      ...anchors(recipe, value, t),
      ...(recipe.average ? [[t('recipeField.average'), averageLine(recipe.average)] as [string, string]] : []),
      [t('recipeField.precision'), recipe.precision],
      ...(recipe.method ? [[t('recipeField.method'), methodLine(recipe.method)] as [string, string]] : []),
      [
        t('run.evaluationLabel'),
        t('run.evaluation', { steps: format.count(evaluation.everySteps), rows: format.count(evaluation.rowsPerChannel) }),
      ],
      ...(evaluation.prompts ? [[t('recipeField.prompts'), evaluation.prompts.texts.join(' · ')] as [string, string]] : []),
      [
        t('run.stoppingLabel'),
        [
          ...(stopping.early
            ? [t('run.early', { patience: format.count(stopping.early.patience), threshold: String(stopping.early.threshold) })]
            : []),
          ...(stopping.forgetting ? [t('run.forgetting', { retention: String(stopping.forgetting.retention) })] : []),
        ].join(t('diagnosis.and')) || t('run.none'),
      ],
      [t('recipeField.seed'), String(recipe.seed)],
    ],
  );
}

/** What holds the weights near the base's, or the model near a teacher, where anything does. */
function anchors({ regularisation }: Recipe, value: (field: string, of: string) => string, t: ReportWords['t']): Cell[][] {
  const { l2sp, ewc, decayTowards, distillation } = regularisation ?? {};
  return [
    ...(l2sp ? [[t('recipeField.l2sp'), String(l2sp.lambda)]] : []),
    ...(ewc
      ? [
          [t('recipeField.ewc'), String(ewc.lambda)],
          [t('recipeField.fisherSequences'), String(ewc.sequences)],
          [t('recipeField.fisherLabels'), value('regularisation.ewc.labels', ewc.labels)],
          ...(ewc.online ? [[t('recipeField.fisherGamma'), String(ewc.online.gamma)]] : []),
        ]
      : []),
    ...(decayTowards ? [[t('recipeField.decayTowards'), value('regularisation.decayTowards', decayTowards)]] : []),
    ...(distillation
      ? [
          [t('recipeField.distillation'), distillationLine(distillation)],
          [t('recipeField.taughtRows'), value('regularisation.distillation.rows', distillation.rows)],
        ]
      : []),
  ];
}

/** Each phase with its steps and the settings that it began with. */
function phasesTable(recipe: Recipe, { t, format }: ReportWords, naming: Naming): Block {
  const value = (field: string, of: string) => naming.difference({ field, a: of, b: '' }).from;
  return {
    kind: 'table',
    table: {
      caption: t('run.phases'),
      head: [t('run.phase'), t('run.steps'), t('run.phaseShares'), t('recipeField.schedule'), t('recipeField.peakLr'), t('run.order')],
      rows: phaseSpans(recipe).map(({ index, start, steps, phase }): Cell[] => {
        const { shares, schedule } = plannedSettings(recipe, start);
        return [
          [String(index + 1), ...(phase?.name ? [phase.name] : [])].join(' · '),
          `${format.count(start + 1)} – ${format.count(start + steps)}`,
          recipe.channels.map(({ id }) => `${naming.channelTag(id)} ${format.percent(shares[id] ?? 0)}`).join(' · '),
          value('schedule.kind', schedule.kind),
          format.lr(schedule.peakLr),
          value('phases.1.order', phase?.order ?? 'shuffled'),
        ];
      }),
      words: 1,
    },
  };
}

/** What each move changed, field by field; a dragged fader counts as one move, at the step where it began. */
function liveMoves(recipe: Recipe, changes: readonly SettingEvent[]): { step: number; difference: RecipeDifference }[] {
  return joinDrags(changes, ONE_DRAG)
    .filter(isSettingEvent)
    .flatMap((event) =>
      diffRecipes(withSetting(recipe, event, 'before'), withSetting(recipe, event, 'after')).map((difference) => ({
        step: event.since ?? event.step,
        difference,
      })),
    );
}
