/** Every run that this browser keeps: what it was, how it ended, and what can be done with it. */
import { useEffect, useState } from 'react';
import { Button } from '@mantine/core';
import { History as HistoryIcon, SlidersVertical } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { isActive, type RunRecord } from '../core/run/types';
import { useFormat } from '../i18n/format';
import { Card, EmptyState, PageHead, Skeleton } from '../ui/Card';
import { Confirm } from '../ui/Dialog';
import { ErrorBanner } from '../ui/Banner';
import { ExportDialog } from './ExportDialog';
import { titleOf, usePresets } from './Recipe';
import { RunItem } from './RunItem';
import { StorageCard } from './StorageCard';
import { useRuns } from './store';
import styles from './Runs.module.css';

export default function Page() {
  const { t, i18n } = useTranslation('runs');
  const { list, listError, runs, checkpoints, failure, load, dismiss } = useRuns();
  const { presets } = usePresets();
  const [doomed, setDoomed] = useState<RunRecord | null>(null);
  useEffect(() => void load(), [load]);
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} />
      {listError && <ErrorBanner error={listError} onRetry={() => void load()} />}
      {failure && <ErrorBanner error={failure.error} onDismiss={dismiss} />}
      <div className={styles.page}>
        {list === 'loading' && (
          <Card>
            <Skeleton lines={6} />
          </Card>
        )}
        {list === 'ready' && runs.length === 0 && (
          <Card>
            <EmptyState icon={HistoryIcon} title={t('empty.title')}>
              <p>{t('empty.text')}</p>
              <Button component={Link} href="/desk" leftSection={<SlidersVertical size={15} />}>
                {t('toDesk')}
              </Button>
            </EmptyState>
          </Card>
        )}
        {runs.length > 0 && (
          <ul className={styles.list} aria-label={t('list')}>
            {runs.map((run) => (
              <RunItem
                key={run.id}
                run={run}
                checkpoints={checkpoints.get(run.id) ?? []}
                presetTitle={titleOf(run.recipe, presets, i18n.language)}
                onDelete={setDoomed}
              />
            ))}
          </ul>
        )}
        <StorageCard />
      </div>
      <ExportDialog />
      <DeleteDialog run={doomed} onClose={() => setDoomed(null)} />
    </>
  );
}

function DeleteDialog({ run, onClose }: { run: RunRecord | null; onClose: () => void }) {
  const { t } = useTranslation('runs');
  const format = useFormat();
  const remove = useRuns((state) => state.remove);
  const saved = useRuns((state) => (run ? state.checkpoints.get(run.id) : undefined)) ?? [];
  const bytes = saved.reduce((sum, checkpoint) => sum + checkpoint.bytes, 0);
  const active = run !== null && isActive(run.state);
  return (
    <Confirm
      opened={run !== null}
      title={t('delete.title', { name: run?.name ?? '' })}
      confirm={t('delete.confirm')}
      disabled={active}
      onClose={onClose}
      onConfirm={() => {
        if (run) void remove(run.id);
        onClose();
      }}
    >
      {active ? (
        <p>{t('delete.active')}</p>
      ) : (
        <>
          <p>{t('delete.lost', { count: saved.length, bytes: format.bytes(bytes) })}</p>
          <p className={styles.facts}>{t('delete.stays')}</p>
        </>
      )}
    </Confirm>
  );
}
