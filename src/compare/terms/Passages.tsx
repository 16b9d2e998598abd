/** The places where a term stands in the held-out text, with what each model lost on it there. */
import { useEffect, useRef } from 'react';
import { CloseButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { Letter } from '../Letter';
import { PLACES } from '../letters';
import type { MeasuredTerm } from './term-rows';
import styles from './Terms.module.css';

export function Passages({ term, onClose }: { term: MeasuredTerm; onClose: () => void }) {
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
                  <Letter place={PLACES[model]!} size="small" /> <span className={styles.hidden}>{PLACES[model]?.toUpperCase()}</span>
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
