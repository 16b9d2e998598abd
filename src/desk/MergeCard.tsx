/** The merge fader of a run that has ended: weights between its base and its last checkpoint, measured on the run's own channels. */
import { useEffect, useRef, useState } from 'react';
import { Button } from '@mantine/core';
import { Gauge } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ProgressLine } from '../channels/ProgressLine';
import type { OnProgress, Progress } from '../contract/progress';
import { errorRecord, type ErrorRecord } from '../core/errors';
import type { RunView } from '../core/run/view';
import { useFormat } from '../i18n/format';
import { cancelUntil } from '../lab/cancel-until';
import { openDevice } from '../lab/device-store';
import { lab } from '../lab/lab';
import { MergePanel } from '../merge/MergePanel';
import { useMerge, type MergeSubject } from '../merge/store';
import { ErrorBanner } from '../ui/Banner';
import { Card } from '../ui/Card';

/** Held-out documents of each channel for a whole look: some ten seconds for the curve at the bundled model's size. */
const DOCUMENTS = 16;

/** Measuring for this card: one thing at a time, with its progress, its error and a way to cancel. */
function useEngine(name: string) {
  const running = useRef(false);
  const [progress, setProgress] = useState<Progress | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorRecord | null>(null);
  const engage = async (work: (onProgress: OnProgress) => Promise<void>): Promise<void> => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setError(null);
    try {
      await openDevice();
      // The engine counts the models that it evaluates; here there is one.
      await work((told) => setProgress(told.phase === 'evaluate' ? { ...told, item: name } : told));
    } catch (fault) {
      const record = errorRecord(fault);
      if (record.code !== 'cancelled') setError(record);
    } finally {
      running.current = false;
      setBusy(false);
      setProgress(null);
    }
  };
  const cancel = () => {
    void cancelUntil(
      () => !running.current,
      () => lab.trainer.cancel(),
    );
  };
  return { engage, cancel, busy, progress, error };
}

export default function MergeCard({ run, step }: { run: RunView; step: number }) {
  const { t } = useTranslation('merge');
  const format = useFormat();
  const { runId, recipe, name } = run;
  const { engage, cancel, busy, progress, error } = useEngine(name);
  const { meet, measure } = useMerge.getState();
  const measured = useMerge((state) => state.positions.size > 0);
  const subject: MergeSubject = {
    key: `desk ${runId} ${step}`,
    base: { kind: 'model', model: recipe.base },
    tuned: [{ weights: { kind: 'checkpoint', run: runId, step }, name }],
    channels: recipe.channels.map(({ id, corpus, role, specialTokens }) => ({ id, corpus, role, specialTokens })),
    documents: DOCUMENTS,
    checkpoints: [],
    engage,
  };
  useEffect(() => {
    meet(subject);
    // Another run is another subject; what is measured for this one goes on being read by it alone.
    return () => meet(null);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key says when anything else has changed
  }, [subject.key]);
  useEffect(() => () => void lab.trainer.cancel(), []);
  return (
    <Card title={t('deskTitle', { step: format.count(step) })} data-testid="merge">
      <MergePanel
        lead={t('deskLead', { step: format.count(step) })}
        failed={error !== null}
        control={
          <>
            {busy ? (
              <ProgressLine progress={progress} onCancel={cancel} />
            ) : (
              <Button size="xs" variant={measured ? 'default' : 'filled'} leftSection={<Gauge size={14} />} onClick={() => void measure()}>
                {t(measured ? 'again' : 'run')}
              </Button>
            )}
            {error && <ErrorBanner error={error} onRetry={() => void measure()} />}
          </>
        }
      />
    </Card>
  );
}
