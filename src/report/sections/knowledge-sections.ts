/** What the domain's terms and the probes say. */
import type { DomainKnowledge } from '../../core/metrics/domain-knowledge';
import type { Cell, Block, Section } from '../document';
import type { Naming } from '../naming';
import type { Report, ReportTerm } from '../report';
import { rankTerms } from '../summary';
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
  const row = ({ term, count, bitsPerByte, passage }: ReportTerm): Cell[] => [
    passage ? { text: term, note: `… ${passage.before}${passage.term}${passage.after} …` } : term,
    format.count(count),
    ...bitsPerByte.map(format.loss),
    ...bitsPerByte.slice(1).map((bits) => format.delta(bits - bitsPerByte[0]!)),
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
  const written = references.some((group) => group.written !== null);
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
          ...tuned.map((_, at) => format.retention(group.retention[at + 1] ?? null)),
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
          ...(written
            ? [...letters.map((letter) => column(letter, 'probes.rouge')), ...letters.map((letter) => column(letter, 'probes.bleu'))]
            : []),
          ...tuned.map((letter) => column(letter, 'probes.knowledge')),
        ],
        rows: references.map((group): Cell[] => [
          groupName(group.group, words),
          format.count(group.items),
          ...letters.map((_, model) => naming.estimate(group.likelihood?.[model], format.delta)),
          ...(written
            ? [
                ...letters.map((_, model) => naming.estimate(group.written?.rougeL[model], format.retention)),
                ...letters.map((_, model) => naming.estimate(group.written?.bleu[model], (value) => format.decimal(value, 1))),
              ]
            : []),
          ...tuned.map((_, at) => change(group.written?.knowledge[at + 1] ?? group.knowledge[at + 1] ?? null, words)),
        ]),
        words: 1,
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
