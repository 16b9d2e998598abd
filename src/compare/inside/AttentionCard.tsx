/** A person's own text under every head: which layers moved, which heads, and the maps of the one that is chosen. */
import { useMemo } from 'react';
import { Textarea } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { Card } from '../../ui/Card';
import { MeasureControl } from '../MeasureControl';
import { useMeasures } from '../measures-store';
import type { Place } from '../store';
import { Apart } from './Apart';
import { AttentionMaps } from './AttentionMaps';
import { DivergenceBars } from './DivergenceBars';
import { HeadPicker } from './HeadPicker';
import { headShifts } from './shifts';
import { useInside } from './store';
import styles from './Attention.module.css';

export function AttentionCard({ place }: { place: Place }) {
  const { t } = useTranslation('inside');
  const { text, setText, measureAttention, places, tokens, apart } = useInside();
  const result = useMeasures((state) => state.results.attention);
  const format = useFormat();
  const written = text ?? t('attention.example');
  const measure = () => void measureAttention(written);
  const view = result?.view;
  const at = places.indexOf(place);
  const shifts = useMemo(
    () => (view && at > 0 && view.models[at] ? headShifts(view.models[0]!, view.models[at], view.tokens.length) : null),
    [view, at],
  );
  const reason = result && apart.attention[place];
  const cut = result && view && tokens !== null && tokens > view.tokens.length;
  return (
    <Card title={t('attention.title')} data-testid="attention">
      <div className={styles.input}>
        <Textarea
          label={t('attention.label')}
          autosize
          minRows={2}
          maxRows={6}
          value={written}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && written.trim() !== '') measure();
          }}
        />
        <MeasureControl
          kind="attention"
          first={t('attention.run')}
          again={t('attention.again')}
          disabled={written.trim() === ''}
          onMeasure={measure}
        />
      </div>
      {!result && <p className={styles.note}>{t('attention.before')}</p>}
      {result && result.text !== written && <p className={styles.stale}>{t('attention.stale')}</p>}
      {cut && (
        <p className={styles.note} role="status">
          {t('attention.cut', { shown: format.count(view.tokens.length - 1), all: format.count(tokens - 1) })}
        </p>
      )}
      {reason && (
        <div className={styles.banner}>
          <Apart place={place} error={reason} />
        </div>
      )}
      {view && (
        <>
          {shifts && (
            <div className={styles.overview}>
              <DivergenceBars divergence={view.divergence[at]!} place={place} />
              <HeadPicker shifts={shifts} place={place} />
            </div>
          )}
          <AttentionMaps view={view} place={shifts ? place : null} model={at} />
        </>
      )}
    </Card>
  );
}
