/** Held-out figures of A and B, a row per channel. Scrolls inside itself on a narrow screen; the channel's name stays. */
import { CircleCheck, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { RETENTION_LINE } from '../core/metrics/loss';
import { useFormat } from '../i18n/format';
import { ChannelTag } from '../ui/ChannelTag';
import { channelColour } from '../ui/channel-colour';
import { Delta } from '../ui/Delta';
import { useComparedName } from './channel-names';
import type { ChannelRow, ComparisonSummary } from './summary';
import styles from './ChannelTable.module.css';

export function ChannelTable({ summary }: { summary: ComparisonSummary }) {
  const { t } = useTranslation('compare');
  const { t: common } = useTranslation();
  const format = useFormat();
  const comparedName = useComparedName();
  const { rows, comparable } = summary;
  const difference = (row: ChannelRow) => row.delta ?? row.deltaBits;
  const largest = Math.max(0.05, ...rows.map((row) => Math.abs(difference(row))));
  return (
    <div className={styles.scroll} role="region" aria-label={t('table.label')} tabIndex={0}>
      <table className={styles.table} data-testid="channel-table">
        <thead>
          <tr>
            <th scope="col" rowSpan={2} className={styles.first}>
              {t('table.channel')}
            </th>
            <th scope="colgroup" colSpan={2} className={styles.group}>
              {t('table.loss')}
            </th>
            <th scope="col" rowSpan={2} colSpan={2} className={styles.group}>
              {comparable ? t('table.delta') : t('table.deltaBits')}
            </th>
            <th scope="colgroup" colSpan={2} className={styles.group}>
              {t('table.perplexity')}
            </th>
            <th scope="colgroup" colSpan={2} className={styles.group}>
              {t('table.bits')}
            </th>
            <th scope="col" rowSpan={2}>
              {t('table.retention')}
            </th>
          </tr>
          <tr>
            {['loss', 'perplexity', 'bits'].flatMap((figure) =>
              ['A', 'B'].map((side) => (
                <th key={`${figure}-${side}`} scope="col">
                  {side}
                </th>
              )),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.channel.id} data-channel={row.channel.id}>
              <th scope="row" className={styles.first}>
                <ChannelTag id={comparedName(row.channel).tag} corpus={row.channel.corpus} />
                <span className={styles.role}>
                  {comparedName(row.channel).name} · {common(`role.${row.channel.role}`)}
                </span>
              </th>
              <td className={comparable ? '' : styles.apart}>{format.loss(row.lossA)}</td>
              <td className={comparable ? '' : styles.apart}>{format.loss(row.lossB)}</td>
              <td className={styles.delta}>
                <Delta value={difference(row)} />
              </td>
              <td className={styles.barCell} aria-hidden>
                <DeltaBar ratio={difference(row) / largest} colour={channelColour(row.channel.corpus)} />
              </td>
              <td className={comparable ? '' : styles.apart}>{format.perplexity(row.perplexityA)}</td>
              <td className={comparable ? '' : styles.apart}>{format.perplexity(row.perplexityB)}</td>
              <td>{format.loss(row.bitsA)}</td>
              <td>{format.loss(row.bitsB)}</td>
              <td>
                <Retention value={row.retention} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** @param ratio −1 to 1 of the table's largest difference; left of the middle is better */
function DeltaBar({ ratio, colour }: { ratio: number; colour: string }) {
  const width = `${(Math.min(1, Math.abs(ratio)) * 50).toFixed(1)}%`;
  return (
    <div className={styles.bar}>
      <i style={{ width, background: colour, ...(ratio < 0 ? { right: '50%' } : { left: '50%' }) }} />
    </div>
  );
}

function Retention({ value }: { value: number | null }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  if (value === null) return <span className={styles.none}>—</span>;
  const lost = value < RETENTION_LINE;
  const Icon = lost ? TriangleAlert : CircleCheck;
  return (
    <span className={styles.retention} data-lost={lost}>
      <span className={styles.verdict}>
        <Icon size={12} aria-hidden /> {lost ? t('retention.under') : t('retention.above')}
      </span>
      {format.retention(value)}
    </span>
  );
}
