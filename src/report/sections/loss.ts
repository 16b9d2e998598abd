/** Sections of held-out loss: figures by channel under every set of weights, and the run's curves. */
import type { Line } from '../../charts/still-charts';
import { RISK_LEVELS } from '../../core/metrics/forgetting-risk';
import { perplexity, RETENTION_LINE } from '../../core/metrics/loss';
import type { ChannelMeasure, Estimate } from '../../core/metrics/text-measure';
import type { Block, Cell, Section, Table, Tone } from '../document';
import type { Naming } from '../naming';
import type { Report, ReportCurves, ReportSeries } from '../report';
import type { ReportWords } from '../words';

/** Null where no channel was measured. */
export function channelsSection({ evaluation, weights }: Report, words: ReportWords, naming: Naming): Section | null {
  if (!evaluation) return null;
  const { t, format } = words;
  const { measure, from, count } = evaluation;
  const blocks: Block[] = [{ kind: 'text', text: t(`channels.${from}`, { count: format.count(count) }) }];
  for (const [model, { letter }] of weights.entries()) {
    if (model === 0) continue;
    blocks.push({
      kind: 'bars',
      chart: {
        title: t('channels.chart', { letter }),
        bars: measure.channels.flatMap(({ id, deltaBits }) => {
          const change = deltaBits[model];
          return change && Number.isFinite(change.value)
            ? [{ name: naming.channel(id), colour: naming.channelColour(id), ...change, text: format.delta(change.value) }]
            : [];
        }),
        sides: { left: t('channels.easier'), right: t('channels.harder') },
      },
    });
  }
  blocks.push({
    kind: 'table',
    table: changes(
      evaluation,
      weights.map(({ letter }) => letter),
      words,
      naming,
    ),
  });
  blocks.push({
    kind: 'table',
    table: levels(
      measure.channels,
      weights.map(({ letter }) => letter),
      words,
      naming,
    ),
  });
  return { id: 'channels', title: t('channels.title'), blocks };
}

/** Against A: Δ bits, Δ nats, retention, and the means over the channels of a role. */
function changes(
  { measure, from }: NonNullable<Report['evaluation']>,
  letters: readonly string[],
  { t, format }: ReportWords,
  naming: Naming,
): Table {
  const tuned = letters.slice(1);
  const columns = (name: string) => tuned.map((letter) => (tuned.length > 1 ? `${letter}: ${t(name)}` : t(name)));
  const cells = (estimates: readonly (Estimate | null)[], write: (value: number) => string, tone?: (value: Estimate) => Tone): Cell[] =>
    tuned.map((_, at) => {
      const estimate = estimates[at + 1];
      return naming.estimate(estimate, write, estimate && tone ? tone(estimate) : undefined);
    });
  const kept = ({ value }: Estimate): Tone => (value < RETENTION_LINE ? 'bad' : 'plain');
  const rows = measure.channels.map(({ id, role, documents, deltaBits, delta, retention }): Cell[] => [
    naming.channelCell(id),
    t(`role.${role}`),
    ...(from === 'documents' ? [format.count(documents)] : []),
    ...cells(deltaBits, format.delta, changeTone),
    ...cells(delta, format.delta, changeTone),
    ...(role === 'general' ? cells(retention, format.retention, kept) : tuned.map(() => '—')),
  ]);
  const gain = measure.domainGain.map((estimate) => (estimate ? negated(estimate) : null));
  const blank = tuned.map(() => '—');
  const space = from === 'documents' ? [''] : [];
  rows.push([t('channels.meanDomain'), t('role.domain'), ...space, ...cells(gain, format.delta, changeTone), ...blank, ...blank]);
  rows.push([
    t('channels.meanGeneral'),
    t('role.general'),
    ...space,
    ...blank,
    ...blank,
    ...cells(measure.meanRetention, format.retention, kept),
  ]);
  return {
    caption: t('channels.changes'),
    head: [
      t('channels.channel'),
      t('channels.role'),
      ...(from === 'documents' ? [t('channels.documentsColumn')] : []),
      ...columns('channels.deltaBits'),
      ...columns('channels.delta'),
      ...columns('channels.retention'),
    ],
    rows,
    words: 2,
  };
}

/** Loss, perplexity and bits per byte of each. */
function levels(channels: readonly ChannelMeasure[], letters: readonly string[], { t, format }: ReportWords, naming: Naming): Table {
  const each = (name: string) => letters.map((letter) => `${letter}: ${t(name)}`);
  return {
    caption: t('channels.levels'),
    head: [t('channels.channel'), ...each('channels.loss'), ...each('channels.perplexity'), ...each('channels.bits')],
    rows: channels.map(({ id, loss, bitsPerByte }): Cell[] => [
      naming.channelCell(id),
      ...letters.map((_, model) => naming.estimate(loss[model], format.loss)),
      ...letters.map((_, model) => format.perplexity(perplexity(loss[model]!.value))),
      ...letters.map((_, model) => naming.estimate(bitsPerByte[model], format.loss)),
    ]),
    words: 1,
  };
}

/** A change whose interval holds zero is neither good nor bad. */
function changeTone({ value, interval }: Estimate): Tone {
  if (interval ? interval.low <= 0 && interval.high >= 0 : value === 0) return 'plain';
  return value < 0 ? 'good' : 'bad';
}

const negated = ({ value, interval }: Estimate): Estimate => ({
  value: -value,
  interval: interval && { low: -interval.high, high: -interval.low },
});

/** Rows of the table of evaluations; of more, evenly many are shown. */
const MOST_ROWS = 12;

/**
 * The run's curves: held-out and train loss per channel, general retention with its line, risk where the run measured it. Null where no
 * run was read.
 */
export function curvesSection({ curves, run }: Report, words: ReportWords, naming: Naming): Section | null {
  if (!curves || !run) return null;
  const { t, format } = words;
  const ids = run.recipe.channels.map(({ id }) => id);
  const common = { xTitle: t('curves.steps'), tick: format.count };
  const lines = (series: Record<string, ReportSeries>, names: readonly string[]): Line[] =>
    names.flatMap((id) => {
      const one = series[id];
      return one && one.y.some((y) => y !== null) ? [{ name: naming.channelTag(id), colour: naming.channelColour(id), ...one }] : [];
    });
  const heldOut = lines(curves.heldOut, ids);
  const train = lines(curves.train, [...ids, 'total']);
  const blocks: Block[] = [];
  if (heldOut.length > 0) blocks.push({ kind: 'lines', chart: { ...common, title: t('curves.heldOut'), lines: heldOut, digits: 3 } });
  if (train.length > 0) blocks.push({ kind: 'lines', chart: { ...common, title: t('curves.train'), lines: train, digits: 2 } });
  if (curves.retention.y.some((y) => y !== null)) {
    const name = t('curves.retentionShort');
    blocks.push({
      kind: 'lines',
      chart: {
        ...common,
        title: t('curves.retention'),
        lines: [{ name, colour: naming.channelColour('total'), ...curves.retention }],
        level: { value: RETENTION_LINE, label: t('curves.line', { value: format.decimal(RETENTION_LINE, 2) }) },
        digits: 3,
      },
    });
  }
  if (curves.risk?.y.some((y) => y !== null))
    blocks.push({
      kind: 'lines',
      chart: {
        ...common,
        title: t('curves.risk'),
        lines: [{ name: t('curves.riskShort'), colour: naming.channelColour('total'), ...curves.risk }],
        level: { value: RISK_LEVELS.medium, label: t('curves.riskLine', { value: format.decimal(RISK_LEVELS.medium, 2) }) },
        digits: 3,
      },
    });
  if (blocks.length === 0) return null;
  if (heldOut.length > 0) blocks.push(evaluations(curves, ids, words, naming));
  return { id: 'curves', title: t('curves.title', { run: run.name }), blocks };
}

function evaluations({ heldOut, retention }: ReportCurves, ids: readonly string[], { t, format }: ReportWords, naming: Naming): Block {
  const steps = heldOut[ids[0]!]?.x ?? [];
  const every = Math.max(1, (steps.length - 1) / (MOST_ROWS - 1));
  const shown = steps.length <= MOST_ROWS ? steps.map((_, at) => at) : Array.from({ length: MOST_ROWS }, (_, at) => Math.round(at * every));
  return {
    kind: 'table',
    table: {
      caption: t('curves.table'),
      head: [t('curves.step'), ...ids.map((id) => naming.channel(id)), t('curves.retentionShort')],
      rows: shown.map((at): Cell[] => [
        format.count(steps[at]!),
        ...ids.map((id) => format.loss(heldOut[id]?.y[at] ?? null)),
        format.retention(retention.y[at] ?? null),
      ]),
      words: 1,
    },
  };
}
