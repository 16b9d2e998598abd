/** The run itself: how it went, the recipe it started with, and what was changed while it trained. */
import { diffRecipes, type RecipeDifference } from '../../core/recipe/diff';
import type { Recipe } from '../../core/recipe/schema';
import { settingsAt } from '../../core/run/snapshot';
import type { LiveChange } from '../../core/run/types';
import type { Block, Cell, Section } from '../document';
import type { Naming } from '../naming';
import type { Report, ReportRun } from '../report';
import type { ReportWords } from '../words';

/** Steps within which moves of a fader are one move. */
const ONE_DRAG = 5;

export function runSection({ run }: Report, words: ReportWords, naming: Naming): Section | null {
  if (!run) return null;
  const { t, format } = words;
  const { recipe } = run;
  const blocks: Block[] = [facts(run, words), recipeTable(recipe, words, naming)];
  blocks.push({
    kind: 'table',
    table: {
      caption: t('run.channels'),
      head: [t('channels.channel'), t('channels.role'), t('run.corpus'), t('run.share')],
      rows: recipe.channels.map(({ id, role, corpus, share }): Cell[] => [
        naming.channelCell(id),
        t(`role.${role}`),
        corpus,
        format.percent(share),
      ]),
      words: 3,
    },
  });
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
    ],
  );
}

function recipeTable(recipe: Recipe, { t, format }: ReportWords, naming: Naming): Block {
  const { schedule, optimizer, evaluation, stopping } = recipe;
  const value = (field: string, of: string | number) => naming.difference({ field, a: String(of), b: '' }).from;
  return pairs(
    t('run.recipe'),
    [t('run.field'), t('run.value')],
    [
      [t('field.base'), recipe.base],
      [t('field.strategy.kind'), value('strategy.kind', recipe.strategy.kind)],
      [t('field.schedule.kind'), value('schedule.kind', schedule.kind)],
      [t('field.schedule.peakLr'), format.lr(schedule.peakLr)],
      [
        t('field.schedule.warmup.value'),
        schedule.warmup.unit === 'ratio'
          ? format.percent(schedule.warmup.value)
          : t('run.warmupSteps', { steps: format.count(schedule.warmup.value) }),
      ],
      [
        t('field.wholeBatch'),
        t('run.batch', {
          rows: format.count(recipe.batchSize * recipe.gradientAccumulationSteps),
          context: format.count(recipe.sequenceLength),
        }),
      ],
      [t('field.budget.steps'), format.count(recipe.budget.steps)],
      [t('run.optimizerLabel'), t('run.optimizer', { decay: String(optimizer.weightDecay), clip: String(optimizer.maxGradNorm) })],
      [t('field.precision'), recipe.precision],
      [
        t('run.evaluationLabel'),
        t('run.evaluation', { steps: format.count(evaluation.everySteps), rows: format.count(evaluation.rowsPerChannel) }),
      ],
      [
        t('run.stoppingLabel'),
        [
          ...(stopping.early
            ? [t('run.early', { patience: format.count(stopping.early.patience), threshold: String(stopping.early.threshold) })]
            : []),
          ...(stopping.forgetting ? [t('run.forgetting', { retention: String(stopping.forgetting.retention) })] : []),
        ].join(t('diagnosis.and')) || t('run.none'),
      ],
      [t('field.seed'), String(recipe.seed)],
    ],
  );
}

/** What each move changed, from the settings before it to those after; a dragged fader leaves a change a step and counts as one move. */
function liveMoves(recipe: Recipe, changes: readonly LiveChange[]): { step: number; difference: RecipeDifference }[] {
  const drags: LiveChange[][] = [];
  for (const change of changes) {
    const last = drags.at(-1);
    if (last && change.step - last.at(-1)!.step <= ONE_DRAG) last.push(change);
    else drags.push([change]);
  }
  const at = (upTo: number): Recipe => {
    const { shares, schedule } = settingsAt(recipe, changes.slice(0, upTo), Number.POSITIVE_INFINITY);
    return {
      ...recipe,
      schedule,
      channels: recipe.channels.map((channel) => ({ ...channel, share: shares[channel.id] ?? channel.share })),
    };
  };
  let done = 0;
  return drags.flatMap((drag) => {
    const before = at(done);
    done += drag.length;
    return diffRecipes(before, at(done)).map((difference) => ({ step: drag[0]!.step, difference }));
  });
}
