/** The run's curves: held-out and train loss per channel, general retention with its line, risk where the run measured it. */
import { RISK_LEVELS } from '../../core/metrics/forgetting-risk';
import { RETENTION_LINE } from '../../core/metrics/loss';
import type { Block, Cell, Line, Section } from '../document';
import type { Naming } from '../naming';
import type { Report, ReportCurves, ReportSeries } from '../report';
import type { ReportWords } from '../words';

/** Rows of the table of evaluations; of more, evenly many are shown. */
const MOST_ROWS = 12;

/** Null where no run was read. */
export function curvesSection({ curves, run }: Report, words: ReportWords, naming: Naming): Section | null {
  if (!curves || !run) return null;
  const { t, format } = words;
  const ids = run.recipe.channels.map(({ id }) => id);
  const common = { xTitle: t('curves.steps'), tick: format.count };
  const lines = (series: Record<string, ReportSeries>, names: readonly string[]): Line[] =>
    names.flatMap((id) => {
      const one = series[id];
      return one && one.y.some((y) => y !== null) ? [{ name: label(id, naming), colour: naming.channelColour(id), ...one }] : [];
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

/** At the end of a line there is little room: the id of a channel, which stands in all tables. */
const label = (id: string, naming: Naming) => (id === 'total' ? naming.channel(id) : id);

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
