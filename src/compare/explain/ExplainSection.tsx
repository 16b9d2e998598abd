/** Why a model predicts what it predicts: what each token adds, what another wording changes, what each layer reads out and holds. */
import { SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { Telescope } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { Card, EmptyState } from '../../ui/Card';
import { MeasureControl, TextChoice } from '../MeasureControl';
import { useMeasures } from '../measures';
import { useCompare } from '../store';
import { AttributionResult, CounterfactualResult } from './TokenResults';
import { LayersResult, LensResult } from './LayerResults';
import { answer, placeOf, QUESTIONS, useExplain, type Question } from '../internals/store';
import styles from './Explain.module.css';

export default function ExplainSection() {
  const { t } = useTranslation('internals');
  const { question, text, ask } = useExplain(useShallow(({ question, text, ask }) => ({ question, text, ask })));
  const measured = useMeasures((state) => state.results[question] !== undefined);
  const running = useMeasures((state) => state.running === question);
  const written = text ?? t('attention.example');
  return (
    <Card title={t('explain.title')} data-testid="explain">
      <div className={styles.questions}>
        <SegmentedControl
          size="xs"
          aria-label={t('explain.question')}
          value={question}
          onChange={(next) => ask({ question: next })}
          data={QUESTIONS.map((value) => ({ value, label: t(`explain.${value}.name`) }))}
        />
      </div>
      <p className={styles.note}>{t(`explain.${question}.about`)}</p>
      {question === 'layers' ? <TextChoice /> : <AskedText written={written} question={question} />}
      <Ask question={question} written={written} />
      {!measured && !running && (
        <EmptyState icon={Telescope} title={t('explain.empty')}>
          <p>{t('explain.emptyText')}</p>
        </EmptyState>
      )}
      {question === 'attribution' && <AttributionResult written={written} />}
      {question === 'counterfactual' && <CounterfactualResult written={written} />}
      {question === 'lens' && <LensResult written={written} />}
      {question === 'layers' && <LayersResult />}
    </Card>
  );
}

/** The text, and beside it what the question asks for. */
function AskedText({ written, question }: { written: string; question: Question }) {
  const { t } = useTranslation('internals');
  const { target, part, replacement, ask } = useExplain();
  return (
    <div className={styles.asked}>
      <Textarea
        label={t('attention.label')}
        data-testid="explain-text"
        autosize
        minRows={2}
        maxRows={6}
        value={written}
        onChange={(event) => ask({ text: event.currentTarget.value })}
        onSelect={({ currentTarget: { selectionStart, selectionEnd, value } }) => {
          if (question === 'counterfactual' && selectionEnd > selectionStart)
            ask({ part: value.slice(selectionStart, selectionEnd), at: selectionStart });
        }}
      />
      {question === 'attribution' && (
        <TextInput
          label={t('explain.attribution.target')}
          placeholder={t('explain.attribution.likeliest')}
          value={target}
          onChange={(event) => ask({ target: event.currentTarget.value })}
        />
      )}
      {question === 'counterfactual' && (
        <div className={styles.pair}>
          <TextInput
            label={t('explain.counterfactual.part')}
            placeholder={t('explain.counterfactual.select')}
            value={part}
            error={part !== '' && !placeOf(written, part, null) && t('explain.counterfactual.missing')}
            onChange={(event) => ask({ part: event.currentTarget.value, at: null })}
          />
          <TextInput
            label={t('explain.counterfactual.replacement')}
            placeholder={t('explain.counterfactual.nothing')}
            value={replacement}
            onChange={(event) => ask({ replacement: event.currentTarget.value })}
          />
        </div>
      )}
    </div>
  );
}

function Ask({ question, written }: { question: Question; written: string }) {
  const { t } = useTranslation('internals');
  const part = useExplain((state) => state.part);
  const channels = useCompare((state) => state.chosen.length);
  const lacking =
    question === 'layers' ? channels < 2 : written.trim() === '' || (question === 'counterfactual' && !placeOf(written, part, null));
  return (
    <>
      <MeasureControl
        kind={question}
        first={t(`explain.${question}.run`)}
        again={t('explain.again')}
        disabled={lacking}
        onMeasure={() => void answer(written)}
      />
      {question === 'layers' && channels < 2 && <p className={styles.stale}>{t('explain.layers.two')}</p>}
    </>
  );
}
