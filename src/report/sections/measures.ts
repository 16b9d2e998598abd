/** Sections of what is measured on request: domain terms, probes, memorisation, robustness, and change by layer. */
import type { WeightPlace } from '../../core/metrics/model-change';
import { ANSWER_FIGURES, type DomainKnowledge } from '../../core/metrics/probe-measure';
import type { Block, Cell, Section } from '../document';
import type { Naming } from '../naming';
import { rankTerms, type Report, type ReportTerm } from '../report';
import type { ReportWords } from '../words';

/** Terms in each of the two tables. */
const SHOWN_TERMS = 8;

export function termsSection({ terms, weights }: Report, words: ReportWords, naming: Naming): Section | null {
  if (!terms) return null;
  const { t, format } = words;
  if (!terms.overall) return { id: 'terms', title: t('terms.title'), blocks: [{ kind: 'text', text: t('terms.none') }] };
  const ranked = rankTerms(terms.terms, 1);
  const half = Math.min(SHOWN_TERMS, Math.ceil(ranked.length / 2));
  const letters = weights.map(({ letter }) => letter);
  const row = ({ term, count, bitsPerByte, passage, intervals }: ReportTerm): Cell[] => [
    passage ? { text: term, note: `… ${passage.before}${passage.term}${passage.after} …` } : term,
    format.count(count),
    ...bitsPerByte.map(format.loss),
    ...bitsPerByte
      .slice(1)
      .map((bits, at) => naming.estimate({ value: bits - bitsPerByte[0]!, interval: intervals?.deltaBits[at + 1] ?? null }, format.delta)),
  ];
  const table = (caption: string, shown: readonly ReportTerm[]): Block => ({
    kind: 'table',
    table: {
      caption,
      head: [
        t('terms.term'),
        t('terms.count'),
        ...letters.map((letter) => `${letter}: ${t('channels.bits')}`),
        ...letters.slice(1).map((letter) => (letters.length > 2 ? `${letter}: ${t('channels.deltaBits')}` : t('channels.deltaBits'))),
      ],
      rows: shown.map(row),
      words: 1,
    },
  });
  const blocks: Block[] = [
    {
      kind: 'text',
      text: t('terms.overall', {
        terms: format.count(terms.terms.length),
        count: format.count(terms.overall.count),
        documents: format.count(terms.documents),
        figures: weights
          .map((one, model) => t('terms.figure', { weights: naming.weights(one), bits: format.loss(terms.overall!.bitsPerByte[model]!) }))
          .join(t('diagnosis.and')),
      }),
    },
    table(t('terms.most'), ranked.slice(0, half)),
  ];
  if (ranked.length > half) blocks.push(table(t('terms.least'), ranked.slice(Math.max(half, ranked.length - SHOWN_TERMS)).reverse()));
  return { id: 'terms', title: t('terms.title'), blocks };
}

export function probesSection({ probes, weights, summary }: Report, words: ReportWords, naming: Naming): Section | null {
  if (!probes) return null;
  const { t, format } = words;
  const { measure, sets } = probes;
  const letters = weights.map(({ letter }) => letter);
  const column = (letter: string, name: string) => `${letter}: ${t(name)}`;
  const tuned = letters.slice(1);
  const asked = measure.groups.filter(({ accuracy }) => accuracy !== null);
  const references = measure.groups.filter(({ accuracy }) => accuracy === null);
  const blocks: Block[] = [];
  if (asked.length > 0)
    blocks.push({
      kind: 'table',
      table: {
        caption: t('probes.table'),
        head: [
          ...[t('probes.group'), t('probes.items'), t('probes.chance')],
          ...letters.map((letter) => column(letter, 'probes.accuracy')),
          ...tuned.map((letter) => column(letter, 'channels.retention')),
          ...tuned.map((letter) => column(letter, 'probes.knowledge')),
        ],
        rows: asked.map((group): Cell[] => [
          { text: groupName(group.group, words), ...(group.informative ? {} : { note: t('probes.uninformative') }) },
          format.count(group.items),
          format.percent(group.chance),
          ...letters.map((_, model): Cell => {
            const { value, interval } = group.accuracy![model]!;
            const range = naming.interval(interval, (share) => format.percent(share));
            return { text: format.percent(value), note: `${range}\n${pValue(group.pValue![model]!, words)}`.trim() };
          }),
          ...tuned.map((_, at): Cell => {
            const value = group.retention[at + 1] ?? null;
            return value === null ? '—' : naming.estimate({ value, interval: group.retentionInterval?.[at + 1] ?? null }, format.retention);
          }),
          ...tuned.map((_, at) => change(group.knowledge[at + 1] ?? null, words)),
        ]),
        words: 1,
      },
    });
  if (references.length > 0)
    blocks.push({
      kind: 'table',
      table: {
        caption: t('probes.references'),
        head: [
          ...[t('probes.group'), t('probes.items')],
          ...letters.map((letter) => column(letter, 'probes.likelihood')),
          ...tuned.map((letter) => column(letter, 'probes.knowledge')),
        ],
        rows: references.map((group): Cell[] => [
          groupName(group.group, words),
          format.count(group.items),
          ...letters.map((_, model) => naming.estimate(group.likelihood?.[model], format.delta)),
          ...tuned.map((_, at) => change(group.written?.knowledge[at + 1] ?? group.knowledge[at + 1] ?? null, words)),
        ]),
        words: 1,
      },
    });
  const figures = ANSWER_FIGURES.filter((name) => references.some(({ written }) => written?.[name]));
  if (figures.length > 0)
    blocks.push({
      kind: 'table',
      table: {
        caption: t('probes.writtenTable'),
        head: [
          ...[t('probes.group'), t('probes.weights')],
          ...figures.map((name) => t(`probes.${name === 'rougeL' ? 'rouge' : name}`)),
          t('probes.distinct'),
        ],
        rows: references.flatMap(({ group, written }) =>
          letters.map((letter, model): Cell[] => [
            groupName(group, words),
            { text: letter, colour: naming.weightsColour(letter) },
            ...figures.map((name) =>
              naming.estimate(written?.[name]?.[model], (value) => format.decimal(value, name === 'bleu' || name === 'chrf' ? 1 : 3)),
            ),
            written?.distinct?.[model]?.map((share) => format.decimal(share, 2)).join(' / ') ?? '—',
          ]),
        ),
        words: 2,
      },
    });
  blocks.push({ kind: 'text', text: t('probes.sets', { sets: words.list(sets) }) });
  if (measure.tooLong > 0) blocks.push({ kind: 'text', text: t('probes.tooLong', { count: format.count(measure.tooLong) }) });
  if (summary.risk)
    blocks.push({
      kind: 'text',
      lead: t('probes.riskLead'),
      text: t('probes.risk', {
        parts: (measure.risk?.[0]?.parts ?? [])
          .map(({ group, weight, score }) =>
            weight === null || score === null
              ? t('probes.leftOut', { group: groupName(group, words) })
              : t('probes.part', { group: groupName(group, words), weight: format.decimal(weight, 2), score: format.retention(score) }),
          )
          .join(t('diagnosis.and')),
        value: format.retention(summary.risk.value),
        level: t(`risk.${summary.risk.level}`),
      }),
    });
  return { id: 'probes', title: t('probes.title'), blocks };
}

const groupName = (group: string, words: ReportWords) => (words.has(`group.${group}`) ? words.t(`group.${group}`) : group);

const pValue = (p: number, { format }: ReportWords) => (p < 0.001 ? `p < ${format.decimal(0.001, 3)}` : `p = ${format.decimal(p, 3)}`);

/** Mean change per question, with its spread and the share that improved. */
function change(knowledge: DomainKnowledge | null, { t, format }: ReportWords): Cell {
  if (!knowledge) return '—';
  const note = t('probes.spread', { deviation: format.decimal(knowledge.deviation, 3), improved: format.percent(knowledge.improved, 0) });
  return { text: format.delta(knowledge.mean), note };
}

/** Memorisation and robustness. */
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
      rows: robustness.flatMap(({ kind, bitsPerByte, intervals }) =>
        weights.map(({ letter }, model): Cell[] => [
          t(`robustness.${kind}`),
          { text: letter, colour: naming.weightsColour(letter) },
          ...levels.map((_, level): Cell => {
            const value = bitsPerByte[model]?.[level];
            return value === undefined
              ? '—'
              : naming.estimate({ value, interval: intervals?.bitsPerByte[model]?.[level] ?? null }, format.loss);
          }),
        ]),
      ),
      words: 2,
    },
  });
  return { id: 'robustness', title: t('robustness.title'), blocks };
}

/** Where in the model the training acted: change of weights and of attention, layer by layer. */
export function layersSection({ layers, attention, weights }: Report, { t, format }: ReportWords, naming: Naming): Section | null {
  if (!layers && !attention) return null;
  const name = (place: WeightPlace) =>
    typeof place === 'number' ? t('layers.layer', { layer: format.count(place + 1) }) : t(`layers.${place}`);
  const blocks: Block[] = [{ kind: 'text', text: t('layers.text') }];
  for (const { letter, places } of layers ?? [])
    blocks.push({
      kind: 'bars',
      chart: {
        title: t('layers.chart', { letter }),
        bars: places.map(({ place, relative }) => ({
          name: name(place),
          colour: naming.weightsColour(letter),
          value: relative ?? 0,
          interval: null,
          text: format.percent(relative, 2),
        })),
      },
    });
  const all = new Set<WeightPlace>([...(layers?.[0]?.places.map(({ place }) => place) ?? []), ...(attention?.divergence[1]?.keys() ?? [])]);
  const measured = weights.slice(1).map(({ letter }, at) => ({
    letter,
    places: layers?.find((one) => one.letter === letter)?.places,
    divergence: attention?.divergence[at + 1],
  }));
  blocks.push({
    kind: 'table',
    table: {
      caption: t('layers.table'),
      head: [
        t('layers.part'),
        ...measured.flatMap(({ letter, places, divergence }) => [
          ...(places ? [`${letter}: ${t('layers.change')}`, `${letter}: ${t('layers.share')}`] : []),
          ...(divergence ? [`${letter}: ${t('layers.divergence')}`] : []),
        ]),
      ],
      rows: [...all].map((place): Cell[] => [
        name(place),
        ...measured.flatMap(({ places, divergence }) => {
          const here = places?.find((one) => one.place === place);
          return [
            ...(places ? [format.percent(here?.relative ?? null, 2), format.percent(here?.share ?? null)] : []),
            ...(divergence ? [format.decimal((typeof place === 'number' ? divergence[place] : null) ?? null, 4)] : []),
          ];
        }),
      ]),
      words: 1,
    },
  });
  if (attention) blocks.push({ kind: 'text', lead: t('layers.attentionText'), text: attention.text });
  return { id: 'layers', title: t('layers.title'), blocks };
}

/** What the weights wrote: after a person's prompts on the compare page, and by the run itself as it trained. */
export function textsSection({ generation, written, weights }: Report, { t, format }: ReportWords, naming: Naming): Section | null {
  const blocks: Block[] = [];
  if (generation && generation.prompts.length > 0)
    blocks.push({
      kind: 'table',
      table: {
        caption: t('texts.generated', { seed: format.count(generation.seed), temperature: format.decimal(generation.temperature, 2) }),
        head: [t('texts.prompt'), ...weights.map((one) => naming.weights(one))],
        rows: generation.prompts.map(({ prompt, texts }): Cell[] => [
          prompt,
          ...weights.map(({ letter }) => texts.find((one) => one.letter === letter)?.text ?? '—'),
        ]),
        words: 1 + weights.length,
      },
    });
  if (written)
    blocks.push({
      kind: 'table',
      table: {
        caption: t('texts.written'),
        head: [t('texts.prompt'), ...written.steps.map((step) => t('texts.step', { step: format.count(step) }))],
        rows: written.prompts.map(({ prompt, texts }): Cell[] => [prompt, ...texts]),
        words: 3,
      },
    });
  return blocks.length === 0 ? null : { id: 'texts', title: t('texts.title'), blocks };
}

/** A person's blind verdicts. */
export function preferencesSection({ preferences, weights }: Report, { t, format }: ReportWords, naming: Naming): Section | null {
  if (!preferences) return null;
  const { pairs, same, wins, scores } = preferences.measure;
  const table: Block = {
    kind: 'table',
    table: {
      caption: t('preferences.table', { pairs: format.count(pairs), same: format.count(same) }),
      head: [t('preferences.weights'), ...weights.map(({ letter }) => t('preferences.over', { letter })), t('preferences.score')],
      rows: weights.flatMap((one, model): Cell[][] => {
        const score = scores[model];
        if (!score) return [];
        return [
          [
            { text: naming.weights(one), colour: naming.weightsColour(one.letter) },
            ...weights.map((_, other) => (other === model ? '—' : format.decimal(wins[model]?.[other] ?? null, 1))),
            model === 0 ? format.decimal(0, 3) : naming.estimate(score, format.delta),
          ],
        ];
      }),
      words: 1,
    },
  };
  return { id: 'preferences', title: t('preferences.title'), blocks: [{ kind: 'text', text: t('preferences.text') }, table] };
}

/** What single predictions depend on, and what layers hold. */
export function explanationSection(report: Report, { t, format, list }: ReportWords, naming: Naming): Section | null {
  const { attribution, counterfactual, layerProbes, weights } = report;
  const blocks: Block[] = [];
  if (attribution) {
    const { tokens, target, models } = attribution;
    const sums = (values: readonly number[]) => format.delta(values.reduce((sum, value) => sum + value, 0));
    const columns = models.flatMap(({ integrated, local }) => [integrated, local]);
    blocks.push({
      kind: 'table',
      table: {
        caption: t('explanation.attribution', { target }),
        head: [
          t('explanation.token'),
          ...models.flatMap(({ letter }) => [`${letter}: ${t('explanation.integrated')}`, `${letter}: ${t('explanation.local')}`]),
        ],
        rows: [
          ...tokens.map((token, at): Cell[] => [
            at === 0 ? t('explanation.start') : token,
            ...columns.map((values) => format.delta(values[at] ?? null)),
          ]),
          [t('explanation.sum'), ...columns.map(sums)],
          [
            t('explanation.difference'),
            ...models.flatMap(({ value, baseline }) => [format.delta(value - baseline), format.delta(value - baseline)]),
          ],
        ],
        words: 1,
      },
    });
  }
  if (counterfactual) {
    blocks.push({ kind: 'text', lead: t('explanation.before'), text: counterfactual.before });
    blocks.push({ kind: 'text', lead: t('explanation.after'), text: counterfactual.after });
    blocks.push({
      kind: 'table',
      table: {
        caption: t('explanation.counterfactual'),
        head: [t('preferences.weights'), t('explanation.change'), t('explanation.following'), t('explanation.divergence')],
        rows: counterfactual.models.map(({ loss: [before, after], following, divergence }, at): Cell[] => [
          { text: weights[at]?.letter ?? '', colour: naming.weightsColour(weights[at]?.letter ?? 'A') },
          { text: format.delta(after - before), note: `${format.loss(before)} → ${format.loss(after)}` },
          format.delta(following),
          format.decimal(divergence, 4),
        ]),
        words: 1,
      },
    });
  }
  if (layerProbes) {
    const { channels, documents, models } = layerProbes;
    blocks.push({
      kind: 'table',
      table: {
        caption: t('explanation.probes', {
          channels: list(channels),
          documents: format.count(documents),
          chance: format.percent(1 / channels.length),
        }),
        head: [t('layers.part'), ...models.map((_, at) => weights[at]?.letter ?? '')],
        rows: (models[0] ?? []).map((_, layer): Cell[] => [
          layer === 0 ? t('layers.input') : t('layers.layer', { layer: format.count(layer) }),
          ...models.map((layers) => naming.estimate(layers[layer], (share) => format.percent(share))),
        ]),
        words: 1,
      },
    });
  }
  return blocks.length === 0 ? null : { id: 'explanation', title: t('explanation.title'), blocks };
}
