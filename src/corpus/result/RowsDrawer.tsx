/** The rows behind a count: a list that is read as it is scrolled, and one row with its decision, score and measures. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FilterDecision } from '../../core/corpus/filter-log';
import { useVirtualizer } from '@tanstack/react-virtual';
import type { PreparedRow, PreparationRecord } from '../../contract/corpus';
import { useFormat } from '../../i18n/format';
import { PAGE_ROWS, useRows } from './rows-store';
import { Button, CloseButton, Drawer } from '@mantine/core';
import { ArrowLeft } from 'lucide-react';
import { piiKinds, qualityRules, type PipelineSettings } from '../../core/corpus/settings';
import { useLanguageName } from '../channels/choices';
import { ErrorBanner } from '../../ui/Banner';
import { Skeleton } from '../../ui/Card';
import styles from './Rows.module.css';

export function useDecisionText(): (decision: FilterDecision) => string {
  const { t } = useTranslation('corpus');
  return useCallback(({ outcome }) => (outcome.kept ? t(`funnel.kept.${outcome.split}`) : t(`reason.${outcome.reason}`)), [t]);
}

/** A list of any length, of which only what is seen is drawn and read. */
const ROW_HEIGHT = 84;

export function RowList({ total }: { total: number }) {
  const { t } = useTranslation('corpus');
  const { pages, need, showRow, row: shown } = useRows();
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const list = useRef<HTMLOListElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is memoised by the virtualiser's functions
  const virtual = useVirtualizer({ count: total, getScrollElement: () => scroller, estimateSize: () => ROW_HEIGHT, overscan: 6 });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => need(first, last), [need, first, last]);
  return (
    <div className={styles.list} ref={setScroller} tabIndex={0} role="region" aria-label={t('rows.list')}>
      <ol ref={list} style={{ height: virtual.getTotalSize() }}>
        {items.map(({ index, start }) => {
          const row = pages[Math.floor(index / PAGE_ROWS)]?.[index % PAGE_ROWS];
          return (
            <li key={index} style={{ height: ROW_HEIGHT, transform: `translateY(${start}px)` }}>
              {row ? (
                <RowLine row={row} shown={shown?.decision.row === row.decision.row} onShow={() => void showRow(row.decision.row)} />
              ) : (
                <span className={styles.waiting} aria-hidden />
              )}
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function RowLine({ row, shown, onShow }: { row: PreparedRow; shown: boolean; onShow: () => void }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const decisionText = useDecisionText();
  const { decision, text, source, line, pseudo } = row;
  return (
    <button type="button" aria-pressed={shown} onClick={onShow} data-testid="prepared-row" data-kept={decision.outcome.kept}>
      <span className={styles.lineHead}>
        <span className={styles.outcome} data-kept={decision.outcome.kept}>
          {decisionText(decision)}
        </span>
        <span className={styles.dim}>{format.decimal(decision.score, 2)}</span>
        <span className={styles.place}>
          {pseudo && `${t('row.pseudo')} · `}
          {line > 0 ? t('location', { path: source, line: format.count(line) }) : source}
        </span>
      </span>
      <span className={styles.excerpt}>{text ?? t('row.gone')}</span>
    </button>
  );
}

/** One row: its text, what was decided and why, the score broken down into its rules, and what it is like. */
export function RowDetail({ preparation }: { preparation: PreparationRecord }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const decisionText = useDecisionText();
  const { row, showRow, endRow } = useRows();
  if (!row) return <p className={styles.hint}>{t('rows.choose')}</p>;
  const { decision, text, source, line, pseudo } = row;
  const decided = decision.outcome;
  const other = decided.kept ? null : decided.other;
  const channel = preparation.channels.find(({ id }) => id === decision.channel)?.name ?? decision.channel;
  return (
    <article className={styles.detail} data-testid="row-detail" aria-label={t('row.title', { row: format.count(decision.row + 1) })}>
      <div className={styles.back}>
        <Button size="compact-xs" variant="default" leftSection={<ArrowLeft size={13} />} onClick={endRow}>
          {t('rows.back')}
        </Button>
      </div>
      <p className={styles.lineHead}>
        <span className={styles.outcome} data-kept={decided.kept}>
          {decisionText(decision)}
        </span>
        <span className={styles.dim}>
          {channel} · {pseudo && `${t('row.pseudo')} · `}
          {line > 0 ? t('location', { path: source, line: format.count(line) }) : source}
        </span>
      </p>
      {!decided.kept && <p>{t(`why.${decided.reason}`)}</p>}
      {!decided.kept && decided.at !== null && <p className={styles.dim}>{t('row.overlapAt', { at: format.count(decided.at + 1) })}</p>}
      {other !== null && (
        <p>
          <button type="button" className={styles.link} onClick={() => void showRow(other)}>
            {t('row.other', { row: format.count(other + 1) })}
          </button>
        </p>
      )}
      {other === null && decision.cluster.size > 1 && decision.cluster.kept !== decision.row && (
        <p>
          <button type="button" className={styles.link} onClick={() => void showRow(decision.cluster.kept)}>
            {t('row.other', { row: format.count(decision.cluster.kept + 1) })}
          </button>
        </p>
      )}
      <pre tabIndex={0} aria-label={t('row.text')}>
        {text ?? t('row.gone')}
      </pre>
      <Score decision={decision} settings={preparation.report.settings} />
      <Measures decision={decision} />
    </article>
  );
}

function Score({ decision, settings }: { decision: FilterDecision; settings: PipelineSettings }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { weights } = settings.quality;
  return (
    <table className={styles.rules}>
      <caption>{t('row.scoreOf', { score: format.decimal(decision.score, 3) })}</caption>
      <thead>
        <tr>
          <th scope="col">{t('row.rule')}</th>
          <th scope="col">{t('row.gave')}</th>
          <th scope="col">{t('row.takes')}</th>
        </tr>
      </thead>
      <tbody>
        {qualityRules.map((rule) => {
          const off = weights[rule] * (1 - decision.rules[rule]);
          return (
            <tr key={rule} data-rule={rule} data-off={off > 0.0005}>
              <th scope="row">{t(`rule.${rule}`)}</th>
              <td>{format.decimal(decision.rules[rule], 2)}</td>
              <td>{off > 0.0005 ? `−${format.decimal(off, 3)}` : '0'}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Measures({ decision }: { decision: FilterDecision }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const language = useLanguageName();
  const { words, bytes, cutBytes, termDensity, density, cluster, pii } = decision;
  const figures: [string, string][] = [
    [t('row.words'), format.decimal(words, Number.isInteger(words) ? 0 : 1)],
    [t('row.bytes'), format.bytes(bytes)],
    ...(cutBytes > 0 ? ([[t('row.cut'), format.bytes(cutBytes)]] as [string, string][]) : []),
    [t('row.language'), language(decision.language)],
    [t('row.terms'), format.percent(termDensity)],
    ...(density > 0 ? ([[t('row.density'), format.decimal(density, 2)]] as [string, string][]) : []),
    [t('row.cluster'), format.count(cluster.size)],
    ...piiKinds.filter((kind) => pii[kind] > 0).map((kind): [string, string] => [t(`pii.${kind}`), format.count(pii[kind])]),
  ];
  return (
    <dl className={styles.measures}>
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The rows behind a count: a list that is read as it is scrolled, and the row that was chosen in it. */
export function RowsDrawer({ preparations }: { preparations: readonly PreparationRecord[] }) {
  const { t } = useTranslation('corpus');
  const { t: common } = useTranslation();
  const format = useFormat();
  const { preparation: id, title, total, row, error, close } = useRows();
  const preparation = preparations.find((found) => found.id === id);
  return (
    <Drawer.Root opened={preparation !== undefined} onClose={close} position="right" size="min(1080px, 100vw)" padding={0}>
      <Drawer.Overlay />
      {/* Mantine's own head is a <header>, which would be a second banner of the page. */}
      <Drawer.Content aria-label={t('rows.title', { title })}>
        <Drawer.Body>
          <div className={styles.drawer} data-testid="rows">
            <div className={styles.head}>
              <h2>{t('rows.title', { title })}</h2>
              {total !== null && (
                <span className={styles.dim} data-testid="rows-total">
                  {t('ingest.rows', { count: total, formatted: format.count(total) })}
                </span>
              )}
              <CloseButton aria-label={common('close')} onClick={close} />
            </div>
            {error && <ErrorBanner error={error} />}
            <div className={styles.panes} data-open={row !== null}>
              {total === null ? !error && <Skeleton lines={8} /> : <RowList key={title} total={total} />}
              {preparation && <RowDetail preparation={preparation} />}
            </div>
          </div>
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
