/** Loss on the domain's terms: the list, the loss over all of them, and the table term by term. */
import { Button, Textarea } from '@mantine/core';
import { BookA, RotateCcw } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { TermLoss } from '../../core/metrics/text-measure';
import { useFormat } from '../../i18n/format';
import { Card, EmptyState } from '../../ui/Card';
import { Figure } from '../../ui/Figure';
import { letterOf, PLACES } from '../address';
import { Letter } from '../../ui/marks';
import { MeasureControl, TextChoice } from '../MeasureControl';
import { useMeasures } from '../measures';
import { useCompare } from '../store';
import { measureTerms, useTermList } from './store';
import { extremes, termsOf, type MeasuredTerm } from './term-rows';
import { TermTable } from './TermTable';
import styles from './Terms.module.css';

/** Changes that show as zero at three digits count as none. */
const SHOWN_ZERO = 0.0005;

function OverallTerms({ overall, terms }: { overall: TermLoss; terms: readonly MeasuredTerm[] }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const [base = 0, ...others] = overall.bitsPerByte;
  return (
    <div className={styles.overall}>
      {others.map((bits, at) => {
        const letter = letterOf(at + 1);
        const change = bits - base;
        const direction = change < -SHOWN_ZERO ? 'Fell' : change > SHOWN_ZERO ? 'Rose' : 'Same';
        const range = overall.intervals?.deltaBits[at + 1];
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
                    {range && <span className={styles.unit}> {format.interval(range)}</span>}
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

/** How well the domain's terms are read: overall, term by term, and in the passages they stand in. */
export default function TermsSection() {
  const { t } = useTranslation('measures');
  const { text, isDefault, setText, reset } = useTermList();
  const chosen = useCompare((state) => state.chosen);
  const documents = useCompare((state) => state.documentsPerChannel);
  const result = useMeasures((state) => state.results.terms);
  const running = useMeasures((state) => state.running === 'terms');
  const terms = termsOf(text);
  const stale =
    result !== undefined &&
    (result.documents !== documents ||
      result.terms.join('\n') !== terms.join('\n') ||
      result.channels.map(({ id }) => id).join() !== chosen.join());
  return (
    <>
      <Card title={t('terms.title')}>
        <div className={styles.ask}>
          <TextChoice />
          <div className={styles.list}>
            <Textarea
              label={t('terms.list')}
              data-testid="term-list"
              rows={6}
              value={text}
              disabled={running}
              onChange={(event) => setText(event.currentTarget.value)}
            />
            <Button
              size="compact-xs"
              variant="default"
              leftSection={<RotateCcw size={13} />}
              disabled={running || isDefault}
              onClick={reset}
            >
              {t('terms.reset')}
            </Button>
          </div>
          <MeasureControl
            kind="terms"
            first={t('terms.run')}
            again={t('terms.again')}
            disabled={terms.length === 0 || chosen.length === 0}
            onMeasure={() => void measureTerms()}
          />
          {terms.length === 0 && <p className={styles.dim}>{t('terms.noTerm')}</p>}
          {chosen.length === 0 && <p className={styles.dim}>{t('terms.noChannel')}</p>}
          {stale && <p className={styles.dim}>{t('terms.stale')}</p>}
        </div>
        {!result && !running && (
          <EmptyState icon={BookA} title={t('terms.empty')}>
            <p>{t('terms.emptyText')}</p>
          </EmptyState>
        )}
      </Card>
      {result &&
        (result.measure.overall ? (
          <>
            <OverallTerms overall={result.measure.overall} terms={result.measure.terms} />
            <TermTable measure={result.measure} asked={result.terms} />
          </>
        ) : (
          <Card>
            <p role="status">{t('terms.nothing')}</p>
          </Card>
        ))}
    </>
  );
}
