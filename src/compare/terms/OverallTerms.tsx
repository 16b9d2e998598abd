/** The loss inside all terms together, with the terms at both ends. */
import { useTranslation } from 'react-i18next';
import type { TermLoss } from '../../core/metrics/term-measure';
import { useFormat } from '../../i18n/format';
import { Card } from '../../ui/Card';
import { Figure } from '../../ui/Figure';
import { Letter } from '../Letter';
import { letterOf, PLACES } from '../letters';
import { extremes, type MeasuredTerm } from './term-rows';
import styles from './Terms.module.css';

/** Changes that show as zero at three digits count as none. */
const SHOWN_ZERO = 0.0005;

export function OverallTerms({ overall, terms }: { overall: TermLoss; terms: readonly MeasuredTerm[] }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const [base = 0, ...others] = overall.bitsPerByte;
  return (
    <div className={styles.overall}>
      {others.map((bits, at) => {
        const letter = letterOf(at + 1);
        const change = bits - base;
        const direction = change < -SHOWN_ZERO ? 'Fell' : change > SHOWN_ZERO ? 'Rose' : 'Same';
        const { most, least } = extremes(terms, at + 1);
        const list = (names: readonly string[]) => names.join(t('separator'));
        return (
          <Card key={letter} title={t('terms.overallOf', { letter })} data-testid="overall-terms">
            <div className={styles.overallHead}>
              <Letter place={PLACES[at + 1]!} />
              <Figure
                tone={direction === 'Fell' ? 'good' : direction === 'Rose' ? 'bad' : 'plain'}
                value={
                  <>
                    {format.delta(change)} <span className={styles.unit}>{t('terms.unit')}</span>
                  </>
                }
              />
            </div>
            <p>
              {t(`terms.overall${direction}`, {
                letter,
                from: format.loss(base),
                to: format.loss(bits),
                places: format.count(overall.count),
              })}
            </p>
            {most.length > 0 && <p>{t('terms.most', { terms: list(most) })}</p>}
            {least.length > 0 && <p>{t('terms.least', { terms: list(least) })}</p>}
          </Card>
        );
      })}
    </div>
  );
}
