import { useEffect, useMemo, useRef, useState } from 'react';
import { CloseButton, VisuallyHidden } from '@mantine/core';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { TermsMeasure } from '../../contract/evaluation';
import { useFormat } from '../../i18n/format';
import { Card } from '../../ui/Card';
import { Delta } from '../../ui/Figure';
import { letterOf, PLACES } from '../address';
import { Estimated, Letter } from '../../ui/marks';
import { bitsChange, FIRST_ORDER, nextOrder, sortTerms, type MeasuredTerm, type TermColumn, type TermOrder } from './term-rows';
import styles from './Terms.module.css';

function Passages({ term, onClose }: { term: MeasuredTerm; onClose: () => void }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const pane = useRef<HTMLElement>(null);
  // On a narrow screen the passages stand below a table that may be longer than the screen.
  useEffect(() => {
    // Newer browsers give a promise, which is no way to clean up.
    void pane.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <section ref={pane} className={styles.passages} aria-label={t('terms.passages', { term: term.term })} data-testid="passages">
      <div className={styles.passagesHead}>
        <h3>{t('terms.passages', { term: term.term })}</h3>
        <CloseButton size="sm" aria-label={t('terms.close', { term: term.term })} onClick={onClose} />
      </div>
      <p className={styles.dim}>{t('terms.passagesNote', { count: term.passages.length })}</p>
      <ol>
        {term.passages.map((passage, at) => (
          <li key={at}>
            <p className={styles.passage}>
              {passage.before !== '' && `… ${passage.before}`}
              <mark>{passage.term}</mark>
              {passage.after !== '' && `${passage.after} …`}
            </p>
            <p className={styles.losses}>
              {passage.loss.map((loss, model) => (
                <span key={model}>
                  <Letter place={PLACES[model]!} size="small" /> <VisuallyHidden>{PLACES[model]?.toUpperCase()}</VisuallyHidden>
                  {format.loss(loss)}
                </span>
              ))}
            </p>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Every term that was found, sortable by any column; a term opens its passages beside the table. */
interface Props {
  measure: TermsMeasure;
  /** The terms that were looked for. */
  asked: readonly string[];
}

export function TermTable({ measure, asked }: Props) {
  const { t, i18n } = useTranslation('measures');
  const format = useFormat();
  const [order, setOrder] = useState<TermOrder>(FIRST_ORDER);
  const [open, setOpen] = useState<string | null>(null);
  const collator = useMemo(() => new Intl.Collator(i18n.language), [i18n.language]);
  const rows = useMemo(() => sortTerms(measure.terms, order, collator), [measure, order, collator]);
  const models = measure.overall?.loss.length ?? 0;
  const letters = Array.from({ length: models }, (_, model) => letterOf(model));
  const found = new Set(measure.terms.map(({ term }) => term));
  const absent = asked.filter((term) => !found.has(term));
  const shown = measure.terms.find(({ term }) => term === open) ?? null;
  const head = (column: TermColumn, label: string) => (
    <SortHead key={column} column={column} label={label} order={order} onSort={() => setOrder(nextOrder(order, column))} />
  );
  return (
    <Card title={t('terms.perTerm')}>
      <div className={styles.panes} data-open={shown !== null}>
        <div className={styles.scroll} role="region" aria-label={t('table.of', { title: t('terms.perTerm') })} tabIndex={0}>
          <table className={styles.table} data-testid="term-table">
            <thead>
              <tr>
                {head('term', t('terms.term'))}
                {head('count', t('terms.count'))}
                {letters.slice(1).map((letter, at) => head(`delta${at + 1}`, t('terms.delta', { letter })))}
                {letters.map((letter, model) => head(`bits${model}`, t('terms.bitsOf', { letter })))}
                {letters.map((letter, model) => head(`loss${model}`, t('terms.lossOf', { letter })))}
              </tr>
            </thead>
            <tbody>
              {rows.map((term) => (
                <tr key={term.term} data-term={term.term} data-open={term.term === open}>
                  <th scope="row" className={styles.first}>
                    <button
                      type="button"
                      className={styles.term}
                      aria-expanded={term.term === open}
                      onClick={() => setOpen(term.term === open ? null : term.term)}
                    >
                      {term.term}
                    </button>
                  </th>
                  <td>{format.count(term.count)}</td>
                  {letters.slice(1).map((letter, at) => (
                    <td key={letter}>
                      <Estimated
                        estimate={{ value: bitsChange(term, at + 1), interval: term.intervals?.deltaBits[at + 1] ?? null }}
                        stacked
                      >
                        <Delta value={bitsChange(term, at + 1)} />
                      </Estimated>
                    </td>
                  ))}
                  {term.bitsPerByte.map((bits, model) => (
                    <td key={model}>{format.loss(bits)}</td>
                  ))}
                  {term.loss.map((loss, model) => (
                    <td key={model} className={styles.dim}>
                      <Estimated estimate={{ value: loss, interval: term.intervals?.loss[model] ?? null }} stacked>
                        {format.loss(loss)}
                      </Estimated>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {shown && <Passages key={shown.term} term={shown} onClose={() => setOpen(null)} />}
      </div>
      {absent.length > 0 && <p className={styles.note}>{t('terms.absent', { terms: absent.join(t('separator')) })}</p>}
      <p className={styles.note}>{t('terms.explain', { documents: format.count(measure.documents) })}</p>
    </Card>
  );
}

interface HeadProps {
  column: TermColumn;
  label: string;
  order: TermOrder;
  onSort: () => void;
}

function SortHead({ column, label, order, onSort }: HeadProps) {
  const { t } = useTranslation('measures');
  const sorted = order.column === column;
  const Icon = order.descending ? ArrowDown : ArrowUp;
  return (
    <th
      scope="col"
      className={column === 'term' ? styles.first : undefined}
      aria-sort={sorted ? (order.descending ? 'descending' : 'ascending') : 'none'}
    >
      <button type="button" className={styles.sort} aria-label={t('terms.sortBy', { column: label })} onClick={onSort}>
        {label}
        {sorted && <Icon size={11} aria-hidden />}
      </button>
    </th>
  );
}
