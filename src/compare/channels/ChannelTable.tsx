/** Held-out figures, a row per channel and a column per model. Scrolls inside itself on a narrow screen; the channel's name stays. */
import { VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { CircleCheck, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ChannelTag } from '../../channels/channel';
import { RETENTION_LINE } from '../../core/metrics/loss';
import type { Estimate } from '../../core/metrics/text-measure';
import { useFormat } from '../../i18n/format';
import { Delta } from '../../ui/Figure';
import { PLACES, type Place } from '../address';
import { differences, unclear, type ComparisonSummary } from '../figures';
import { Estimated, Letter } from '../../ui/marks';
import { useComparedName } from '../sources';
import styles from './ChannelTable.module.css';

export function ChannelTable({ summary }: { summary: ComparisonSummary }) {
  const { t } = useTranslation('compare');
  const { t: common } = useTranslation();
  const format = useFormat();
  const comparedName = useComparedName();
  const { rows, comparable } = summary;
  const { unit, of } = differences(summary);
  const models = PLACES.slice(0, comparable.length);
  const others = models.slice(1);
  const at = (place: Place) => PLACES.indexOf(place);
  const otherTokens = (place: Place) => ((place === 'a' ? comparable.every(Boolean) : comparable[at(place)]) ? '' : styles.otherTokens);
  const perplexityDigits = (value: number) => (value >= 100 ? 0 : value >= 10 ? 1 : 2);

  const groups: { id: string; title: string; places: readonly Place[] }[] = [
    { id: 'loss', title: t('table.loss'), places: models },
    { id: 'delta', title: t(unit === 'nats' ? 'table.delta' : 'table.deltaBits'), places: others },
    { id: 'perplexity', title: t('table.perplexity'), places: models },
    { id: 'bits', title: t('table.bits'), places: models },
    { id: 'retention', title: t('table.retention'), places: others },
  ];
  return (
    <div className={styles.scroll} role="region" aria-label={t('table.label')} tabIndex={0}>
      <table className={styles.table} data-testid="channel-table">
        <thead>
          <tr>
            <th scope="col" rowSpan={2} className={styles.first}>
              {t('table.channel')}
            </th>
            {groups.map(({ id, title, places }) => (
              <th key={id} scope="colgroup" colSpan={places.length} className={styles.group}>
                {title}
              </th>
            ))}
          </tr>
          <tr>
            {groups.flatMap(({ id, places }) =>
              places.map((place, first) => (
                <th key={`${id}-${place}`} scope="col" className={first === 0 ? styles.start : ''}>
                  <Letter place={place} size="small" />
                  <VisuallyHidden>{place.toUpperCase()}</VisuallyHidden>
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
              {models.map((place) => (
                <Cell key={`loss-${place}`} id={`loss-${place}`} className={otherTokens(place)} estimate={row.loss[at(place)] ?? null}>
                  {({ value }) => format.loss(value)}
                </Cell>
              ))}
              {others.map((place) => (
                <Cell key={`delta-${place}`} id={`delta-${place}`} estimate={of(row, at(place))}>
                  {(estimate) => <Delta value={estimate.value} unclear={unclear(estimate)} />}
                </Cell>
              ))}
              {models.map((place) => (
                <Cell
                  key={`perplexity-${place}`}
                  id={`perplexity-${place}`}
                  className={otherTokens(place)}
                  digits={perplexityDigits(row.perplexity[at(place)]?.value ?? 0)}
                  estimate={row.perplexity[at(place)] ?? null}
                >
                  {({ value }) => format.perplexity(value)}
                </Cell>
              ))}
              {models.map((place) => (
                <Cell key={`bits-${place}`} id={`bits-${place}`} estimate={row.bitsPerByte[at(place)] ?? null}>
                  {({ value }) => format.loss(value)}
                </Cell>
              ))}
              {others.map((place) => (
                <Cell
                  key={`retention-${place}`}
                  id={`retention-${place}`}
                  estimate={row.channel.role === 'general' ? (row.retention[at(place)] ?? null) : null}
                >
                  {({ value }) => <Retention value={value} />}
                </Cell>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CellProps {
  /** Figure and model: "loss-a". */
  id: string;
  estimate: Estimate | null;
  className?: string | undefined;
  digits?: number;
  children: (estimate: Estimate) => ReactNode;
}

function Cell({ id, estimate, className = '', digits = 3, children }: CellProps) {
  const { t } = useTranslation();
  return (
    <td className={className} data-figure={id}>
      {estimate ? (
        <Estimated estimate={estimate} digits={digits} stacked>
          {children(estimate)}
        </Estimated>
      ) : (
        <span className={styles.none}>{t('none')}</span>
      )}
    </td>
  );
}

function Retention({ value }: { value: number }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const lost = value < RETENTION_LINE;
  const Icon = lost ? TriangleAlert : CircleCheck;
  const words = t(lost ? 'retention.under' : 'retention.above');
  return (
    <span className={styles.retention} data-lost={lost} title={words}>
      <Icon size={12} aria-hidden />
      {format.retention(value)}
      <VisuallyHidden> {words}</VisuallyHidden>
    </span>
  );
}
