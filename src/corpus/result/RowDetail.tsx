/** One row: its text, what was decided and why, the score broken down into its rules, and what it is like. */
import { Button } from '@mantine/core';
import { ArrowLeft } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { PreparationRecord } from '../../contract/corpus';
import type { RowVerdict } from '../../core/corpus/ledger';
import { personalKinds, qualityRules, type PipelineSettings } from '../../core/corpus/settings';
import { useFormat } from '../../i18n/format';
import { useLanguageName } from '../channels/languages';
import { useRows } from './rows-store';
import { useVerdictText } from './verdict-text';
import styles from './Rows.module.css';

export function RowDetail({ preparation }: { preparation: PreparationRecord }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const verdictText = useVerdictText();
  const { row, showRow, endRow } = useRows();
  if (!row) return <p className={styles.hint}>{t('rows.choose')}</p>;
  const { verdict, text, source, line } = row;
  const decided = verdict.verdict;
  const other = decided.kept ? null : decided.other;
  const channel = preparation.channels.find(({ id }) => id === verdict.channel)?.name ?? verdict.channel;
  return (
    <article className={styles.detail} data-testid="row-detail" aria-label={t('row.title', { row: format.count(verdict.row + 1) })}>
      <div className={styles.back}>
        <Button size="compact-xs" variant="default" leftSection={<ArrowLeft size={13} />} onClick={endRow}>
          {t('rows.back')}
        </Button>
      </div>
      <p className={styles.lineHead}>
        <span className={styles.verdict} data-kept={decided.kept}>
          {verdictText(verdict)}
        </span>
        <span className={styles.dim}>
          {channel} · {line > 0 ? t('place', { path: source, line: format.count(line) }) : source}
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
      {other === null && verdict.cluster.size > 1 && verdict.cluster.kept !== verdict.row && (
        <p>
          <button type="button" className={styles.link} onClick={() => void showRow(verdict.cluster.kept)}>
            {t('row.other', { row: format.count(verdict.cluster.kept + 1) })}
          </button>
        </p>
      )}
      <pre tabIndex={0} aria-label={t('row.text')}>
        {text ?? t('row.gone')}
      </pre>
      <Score verdict={verdict} settings={preparation.report.settings} />
      <Measures verdict={verdict} />
    </article>
  );
}

function Score({ verdict, settings }: { verdict: RowVerdict; settings: PipelineSettings }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { weights } = settings.quality;
  return (
    <table className={styles.rules}>
      <caption>{t('row.scoreOf', { score: format.decimal(verdict.score, 3) })}</caption>
      <thead>
        <tr>
          <th scope="col">{t('row.rule')}</th>
          <th scope="col">{t('row.gave')}</th>
          <th scope="col">{t('row.takes')}</th>
        </tr>
      </thead>
      <tbody>
        {qualityRules.map((rule) => {
          const off = weights[rule] * (1 - verdict.rules[rule]);
          return (
            <tr key={rule} data-rule={rule} data-off={off > 0.0005}>
              <th scope="row">{t(`rule.${rule}`)}</th>
              <td>{format.decimal(verdict.rules[rule], 2)}</td>
              <td>{off > 0.0005 ? `−${format.decimal(off, 3)}` : '0'}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Measures({ verdict }: { verdict: RowVerdict }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const language = useLanguageName();
  const { words, bytes, cutBytes, termDensity, density, cluster, personal } = verdict;
  const figures: [string, string][] = [
    [t('row.words'), format.decimal(words, Number.isInteger(words) ? 0 : 1)],
    [t('row.bytes'), format.bytes(bytes)],
    ...(cutBytes > 0 ? ([[t('row.cut'), format.bytes(cutBytes)]] as [string, string][]) : []),
    [t('row.language'), language(verdict.language)],
    [t('row.terms'), format.percent(termDensity)],
    ...(density > 0 ? ([[t('row.density'), format.decimal(density, 2)]] as [string, string][]) : []),
    [t('row.cluster'), format.count(cluster.size)],
    ...personalKinds
      .filter((kind) => personal[kind] > 0)
      .map((kind): [string, string] => [t(`personal.${kind}`), format.count(personal[kind])]),
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
