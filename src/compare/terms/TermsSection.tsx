/** How well the domain's terms are read: overall, term by term, and in the passages they stand in. */
import { Button, Textarea } from '@mantine/core';
import { BookA, RotateCcw } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../ui/Card';
import { EmptyState } from '../../ui/EmptyState';
import { MeasureControl } from '../MeasureControl';
import { useMeasures } from '../measures-store';
import { useCompare } from '../store';
import { TextChoice } from '../TextChoice';
import { measureTerms } from './measure-terms';
import { OverallTerms } from './OverallTerms';
import { useTermList } from './store';
import { termsOf } from './term-rows';
import { TermTable } from './TermTable';
import styles from './Terms.module.css';

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
