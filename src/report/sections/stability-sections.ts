/** Memorisation and robustness. */
import type { Cell, Block, Section } from '../document';
import type { Naming } from '../naming';
import type { Report } from '../report';
import type { ReportWords } from '../words';

export function memorisationSection({ memorisation, weights }: Report, { t, format }: ReportWords, naming: Naming): Section | null {
  if (!memorisation) return null;
  const blocks: Block[] = [{ kind: 'text', text: t('memorisation.text') }];
  for (const { letter, channels } of memorisation) {
    const which = weights.find((one) => one.letter === letter);
    blocks.push({
      kind: 'table',
      table: {
        caption: t('memorisation.table', { weights: which ? naming.weights(which) : letter }),
        head: [
          ...[t('channels.channel'), t('memorisation.rows'), t('memorisation.seen'), t('memorisation.unseen')],
          ...[t('memorisation.gapBase'), t('memorisation.gap', { letter }), t('memorisation.memorised')],
        ],
        rows: channels.map(({ id, measure: { rows, seen, unseen, gap, memorised } }): Cell[] => {
          const more = memorised[1] ?? null;
          const sure = more?.interval != null && more.interval.low > 0;
          return [
            naming.channelCell(id),
            `${format.count(rows.seen)} / ${format.count(rows.unseen)}`,
            naming.estimate(seen[1], format.loss),
            naming.estimate(unseen[1], format.loss),
            naming.estimate(gap[0], format.delta),
            naming.estimate(gap[1], format.delta),
            naming.estimate(more, format.delta, sure ? 'bad' : 'plain'),
          ];
        }),
        words: 1,
      },
    });
  }
  return { id: 'memorisation', title: t('memorisation.title'), blocks };
}

export function robustnessSection({ robustness, weights }: Report, { t, format }: ReportWords, naming: Naming): Section | null {
  if (!robustness) return null;
  const blocks: Block[] = [{ kind: 'text', text: t('robustness.text') }];
  for (const { kind, levels, bitsPerByte } of robustness)
    blocks.push({
      kind: 'lines',
      chart: {
        title: t(`robustness.${kind}`),
        xTitle: t(`robustness.${kind}Share`),
        tick: (level) => format.percent(level, 0),
        ticks: levels,
        lines: weights.map(({ letter }, model) => ({
          name: letter,
          colour: naming.weightsColour(letter),
          x: levels,
          y: bitsPerByte[model] ?? [],
        })),
        digits: 2,
      },
    });
  const levels = robustness[0]?.levels ?? [];
  blocks.push({
    kind: 'table',
    table: {
      caption: t('robustness.table'),
      head: [t('robustness.noise'), t('robustness.weights'), ...levels.map((level) => format.percent(level, 0))],
      rows: robustness.flatMap(({ kind, bitsPerByte }) =>
        weights.map(({ letter }, model): Cell[] => [
          t(`robustness.${kind}`),
          { text: letter, colour: naming.weightsColour(letter) },
          ...levels.map((_, level) => format.loss(bitsPerByte[model]?.[level] ?? null)),
        ]),
      ),
      words: 2,
    },
  });
  return { id: 'robustness', title: t('robustness.title'), blocks };
}
