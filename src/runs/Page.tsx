/** Every run that this browser keeps: what it was, how it ended, and what can be done with it. */
import { Button } from '@mantine/core';
import { History as HistoryIcon, SlidersVertical } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { isActive, type RunRecord } from '../core/run/types';
import { useFormat } from '../i18n/format';
import { EmptyState } from '../ui/Card';
import { LibraryPage, Listing, type Removal } from '../ui/LibraryPage';
import { ExportDialog } from './ExportDialog';
import { titleOf, usePresets } from './Recipe';
import { RunItem } from './RunItem';
import { StorageCard } from './StorageCard';
import { useRuns } from './store';
import styles from './Runs.module.css';

export default function Page() {
  const { t, i18n } = useTranslation('runs');
  const format = useFormat();
  const { list, listError, runs, checkpoints, failure, load, remove, dismiss } = useRuns();
  const { presets } = usePresets();
  const removal: Removal<RunRecord> = {
    title: (name) => t('delete.title', { name }),
    confirm: t('delete.confirm'),
    disabled: (run) => isActive(run.state),
    remove,
    words: (run) => {
      if (run && isActive(run.state)) return <p>{t('delete.active')}</p>;
      const saved = (run && checkpoints.get(run.id)) ?? [];
      const bytes = saved.reduce((sum, checkpoint) => sum + checkpoint.bytes, 0);
      return (
        <>
          <p>{t('delete.lost', { count: saved.length, bytes: format.bytes(bytes) })}</p>
          <p className={styles.facts}>{t('delete.stays')}</p>
        </>
      );
    },
  };
  const empty = (
    <EmptyState icon={HistoryIcon} title={t('empty.title')}>
      <p>{t('empty.text')}</p>
      <Button component={Link} href="/desk" leftSection={<SlidersVertical size={15} />}>
        {t('toDesk')}
      </Button>
    </EmptyState>
  );
  return (
    <>
      <LibraryPage
        title={t('title')}
        lead={t('lead')}
        load={load}
        listError={listError}
        failure={failure?.error}
        onDismiss={dismiss}
        removal={removal}
      >
        {(askRemoval) => (
          <>
            <Listing label={t('list')} state={list} items={runs} lines={6} empty={empty}>
              {(run) => (
                <RunItem
                  key={run.id}
                  run={run}
                  checkpoints={checkpoints.get(run.id) ?? []}
                  presetTitle={titleOf(run.recipe, presets, i18n.language)}
                  onDelete={askRemoval}
                />
              )}
            </Listing>
            <StorageCard />
          </>
        )}
      </LibraryPage>
      <ExportDialog />
    </>
  );
}
