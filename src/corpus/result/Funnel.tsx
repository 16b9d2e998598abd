/** The funnel: rows and bytes in, what each stage dropped and why, what is kept. Every count opens its rows. */
import { VisuallyHidden } from '@mantine/core';
import type { RowQuery } from '../../core/corpus/filter-log';
import type { ChannelReport, DropReason, PipelineStage, SampleRow, Tally } from '../../core/corpus/report';
import type { Split } from '../../core/corpus/row';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { useChannelName } from '../../channels/channel';
import { colourOf, useLanguageName } from '../channels/choices';
import { useWorkshop } from '../channels/store';
import { useRows } from './rows-store';
import styles from './Result.module.css';

interface ReasonLine extends Tally {
  reason: DropReason;
  query: RowQuery;
  sample: readonly SampleRow[];
}
export type FunnelLine =
  | ({ kind: 'in'; query: RowQuery } & Tally)
  | { kind: 'stage'; stage: PipelineStage; enabled: boolean; dropped: Tally; left: Tally; query: RowQuery; reasons: ReasonLine[] }
  | ({ kind: 'kept'; split: Split; query: RowQuery; sample: readonly SampleRow[] } & Tally);

function funnelLines(report: ChannelReport): FunnelLine[] {
  const channel = report.channel.id;
  const lines: FunnelLine[] = [{ kind: 'in', ...report.in, query: { channel } }];
  for (const { stage, enabled, kept, dropped } of report.stages) {
    // Neither normalising nor the split drops anything worth a line, but an empty row does.
    if (dropped.length === 0 && (stage === 'normalise' || stage === 'split')) continue;
    lines.push({
      kind: 'stage',
      stage,
      enabled,
      dropped: {
        rows: dropped.reduce((sum, { rows }) => sum + rows, 0),
        bytes: dropped.reduce((sum, { bytes }) => sum + bytes, 0),
      },
      left: kept,
      query: { channel, stage },
      reasons: dropped.map(({ reason, rows, bytes, sample }) => ({ reason, rows, bytes, sample, query: { channel, stage, reason } })),
    });
  }
  for (const split of ['train', 'heldOut'] as const)
    lines.push({
      kind: 'kept',
      split,
      ...report.kept[split],
      query: { channel, kept: split },
      sample: split === 'train' ? report.keptSample : [],
    });
  return lines;
}

/** The funnel: rows and bytes in, what each stage took and why, what is kept. Every number opens its rows. */
interface Props {
  preparation: string;
  report: ChannelReport;
  colour: string;
}

export function Funnel({ preparation, report, colour }: Props) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const sources = useWorkshop((state) => state.sources);
  const languageName = useLanguageName();
  const channelName = useChannelName();
  const partName = (part: string) => {
    const source = sources.find(({ id }) => id === part);
    if (!source) return languageName(part);
    return source.origin.kind === 'corpus' ? channelName(source.name) : source.name;
  };
  const lines = funnelLines(report);
  return (
    <div className={styles.funnel} style={{ '--colour': colourOf(colour) } as React.CSSProperties}>
      <table aria-label={t('funnel.title')} data-testid="funnel">
        <thead>
          <tr>
            <th scope="col">{t('funnel.stage')}</th>
            <th scope="col">{t('funnel.rows')}</th>
            <th scope="col">{t('funnel.bytes')}</th>
            <th scope="col">
              <VisuallyHidden>{t('funnel.left')}</VisuallyHidden>
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <Line key={line.kind === 'stage' ? line.stage : line.kind === 'kept' ? line.split : 'in'} {...{ line, preparation, report }} />
          ))}
        </tbody>
      </table>
      {report.cut.rows > 0 && (
        <p className={styles.dim}>
          {t('funnel.cut', { count: report.cut.rows, formatted: format.count(report.cut.rows), bytes: format.bytes(report.cut.bytes) })}
        </p>
      )}
      {report.balance?.map(({ part, before, after, share, worth }) => (
        <p key={part} className={styles.dim} data-testid="balance">
          {t('funnel.balance', {
            part: partName(part),
            before: format.bytes(before.bytes),
            after: format.bytes(after.bytes),
            share: format.percent(share),
            times: format.decimal(after.rows / Math.max(1, before.rows), 2),
            worth: format.bytes(worth),
          })}
        </p>
      ))}
      {report.augmented.rows > 0 && (
        <p className={styles.dim}>
          {t('funnel.augmented', {
            count: report.augmented.rows,
            formatted: format.count(report.augmented.rows),
            bytes: format.bytes(report.augmented.bytes),
          })}
        </p>
      )}
    </div>
  );
}

function Line({ line, preparation, report }: { line: FunnelLine; preparation: string; report: ChannelReport }) {
  const { t } = useTranslation('corpus');
  const share = (tally: Tally) => (report.in.rows === 0 ? 0 : tally.rows / report.in.rows);
  if (line.kind === 'stage')
    return (
      <>
        <tr data-line={line.stage} data-off={!line.enabled}>
          <th scope="row">
            {t(`stage.${line.stage}.title`)}
            {!line.enabled && <span className={styles.dim}> · {t('funnel.off')}</span>}
          </th>
          <Counts {...{ preparation, ...line }} tally={line.dropped} minus title={t(`stage.${line.stage}.title`)} />
          <Bar share={share(line.left)} />
        </tr>
        {line.reasons.map((reason) => (
          <Reason key={reason.reason} stage={line.stage} reason={reason} preparation={preparation} />
        ))}
      </>
    );
  const name = line.kind === 'in' ? t('funnel.in') : t(`funnel.kept.${line.split}`);
  return (
    <>
      <tr data-line={line.kind === 'in' ? 'in' : line.split} className={styles.strong}>
        <th scope="row">{name}</th>
        <Counts {...{ preparation, query: line.query }} tally={line} title={name} />
        <Bar share={share(line)} />
      </tr>
      {line.kind === 'kept' && line.sample.length > 0 && (
        <tr>
          <td colSpan={4}>
            <Samples sample={line.sample} preparation={preparation} query={line.query} title={name} />
          </td>
        </tr>
      )}
    </>
  );
}

function Reason({ stage, reason, preparation }: { stage: string; reason: ReasonLine; preparation: string }) {
  const { t } = useTranslation('corpus');
  const title = t(`reason.${reason.reason}`);
  return (
    <>
      <tr data-line={`${stage} ${reason.reason}`} className={styles.reason}>
        <th scope="row">{title}</th>
        <Counts {...{ preparation, query: reason.query }} tally={reason} minus title={title} />
        <td />
      </tr>
      {reason.sample.length > 0 && (
        <tr className={styles.reason}>
          <td colSpan={4}>
            <Samples sample={reason.sample} preparation={preparation} query={reason.query} title={title} />
          </td>
        </tr>
      )}
    </>
  );
}

interface CountsProps {
  preparation: string;
  query: FunnelLine['query'];
  tally: Tally;
  /** What was taken away. */
  minus?: boolean;
  title: string;
}

function Counts({ preparation, query, tally, minus = false, title }: CountsProps) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const open = useRows((state) => state.open);
  const sign = minus && tally.rows > 0 ? '−' : '';
  return (
    <>
      <td>
        {tally.rows === 0 ? (
          <span className={styles.dim}>0</span>
        ) : (
          <button
            type="button"
            className={styles.count}
            aria-label={t('funnel.open', { count: tally.rows, formatted: format.count(tally.rows), title })}
            onClick={() => open(preparation, query, title)}
          >
            {sign}
            {format.count(tally.rows)}
          </button>
        )}
      </td>
      <td className={styles.dim}>{tally.rows === 0 ? '' : sign + format.bytes(tally.bytes)}</td>
    </>
  );
}

function Bar({ share }: { share: number }) {
  return (
    <td className={styles.bar} aria-hidden>
      <i style={{ width: `${share * 100}%` }} />
    </td>
  );
}

function Samples({
  sample,
  preparation,
  query,
  title,
}: Pick<CountsProps, 'preparation' | 'query' | 'title'> & { sample: readonly SampleRow[] }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { open, showRow } = useRows.getState();
  return (
    <details className={styles.samples}>
      <summary aria-label={t('funnel.samplesOf', { title })}>{t('funnel.samples')}</summary>
      <ul>
        {sample.map(({ row, source, line, excerpt, score }) => (
          <li key={row}>
            <button
              type="button"
              onClick={() => {
                open(preparation, query, title);
                void showRow(row);
              }}
            >
              <span className={styles.dim}>
                {line > 0 ? t('location', { path: source, line: format.count(line) }) : source} · {t('row.score')}{' '}
                {format.decimal(score, 2)}
              </span>
              <span>{excerpt}</span>
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
