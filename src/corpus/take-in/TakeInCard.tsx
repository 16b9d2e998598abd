/** Step 1: files, folders and archives into the workshop, or one text straight to the desk. */
import { useEffect, useState } from 'react';
import { Button, SegmentedControl } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Card } from '../../ui/Card';
import { ErrorBanner } from '../../ui/ErrorBanner';
import { FileDrop } from '../../ui/FileDrop';
import { Skeleton } from '../../ui/Skeleton';
import { ImportCard } from '../ImportCard';
import { ChosenFiles } from './ChosenFiles';
import { Interrupted } from './Interrupted';
import { TakenIn } from './TakenIn';
import { TakeInProgress } from './TakeInProgress';
import { useTakeIn } from './store';
import styles from './TakeIn.module.css';

const WAYS = ['workshop', 'desk'] as const;

export function TakeInCard({ onNext }: { onNext: () => void }) {
  const { t } = useTranslation('corpus');
  const [way, setWay] = useState<(typeof WAYS)[number]>('workshop');
  const { state, error, interrupted, take, reset, dismiss, loadInterrupted } = useTakeIn();
  useEffect(() => void loadInterrupted(), [loadInterrupted]);
  return (
    <Card
      title={t('steps.takeIn')}
      data-testid="take-in"
      aside={
        <SegmentedControl
          size="xs"
          aria-label={t('takeIn.way')}
          value={way}
          disabled={state === 'busy'}
          onChange={setWay}
          data={WAYS.map((value) => ({ value, label: t(`takeIn.ways.${value}`) }))}
        />
      }
    >
      <div className={styles.body}>
        <p className={styles.dim}>{t(`takeIn.lead.${way}`)}</p>
        {way === 'desk' && <ImportCard />}
        {way === 'workshop' && (
          <>
            {state !== 'busy' && interrupted.map((intake) => <Interrupted key={intake.id} intake={intake} />)}
            {error && <ErrorBanner error={error} onDismiss={dismiss} />}
            {state === 'done' && <TakenIn />}
            {state === 'busy' && <TakeInProgress />}
            {state === 'inspecting' && <Skeleton lines={4} />}
            {state === 'chosen' && <ChosenFiles />}
            {(state === 'idle' || state === 'done') && (
              <FileDrop
                title={t('takeIn.drop')}
                hint={t('takeIn.hint')}
                pick={t('takeIn.pick')}
                pickFolder={t('takeIn.pickFolder')}
                accept=""
                onFiles={(_, taken) => void take(taken)}
              />
            )}
            {state === 'done' && (
              <div className={styles.buttons}>
                <Button size="xs" onClick={onNext}>
                  {t('takeIn.next')}
                </Button>
                <Button size="xs" variant="default" onClick={reset}>
                  {t('takeIn.close')}
                </Button>
              </div>
            )}
          </>
        )}
      </div>
    </Card>
  );
}
