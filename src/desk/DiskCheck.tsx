/**
 * Room for checkpoints. Before a run: whether all that it keeps will fit into the browser's storage. When the disk was full: what is
 * needed, what old checkpoints take, and ways to go on.
 */
import { useEffect, useState } from 'react';
import { Button } from '@mantine/core';
import { HardDrive } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { ModelRecord } from '../contract/library';
import type { RunDemand } from '../core/model/memory';
import { checkpointDemand, keepThatFits } from '../core/run/disk';
import { useErrorText } from '../i18n/error-text';
import { useFormat } from '../i18n/format';
import { lab } from '../lab/lab';
import { Banner } from '../ui/Banner';
import { useActive } from './live-settings';
import { useRecipe } from './recipe-store';
import { useRun } from './run-store';

interface Props {
  models: readonly ModelRecord[];
  demand: RunDemand | null;
}

export function DiskCheck(props: Props) {
  const active = useActive();
  const full = useRun(({ run }) => run?.state === 'paused' && run.error?.code === 'quota');
  if (full) return <DiskFull />;
  return active ? null : <RoomForCheckpoints {...props} />;
}

function RoomForCheckpoints({ models, demand: counted }: Props) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const recipe = useRecipe((state) => state.recipe);
  const record = models.find(({ id }) => id === recipe?.base);
  const parameters = record?.shape ? counted?.checkpoint.stored : record?.parameters;
  const [free, setFree] = useState<number | null>(null);
  useEffect(() => {
    let shown = true;
    lab.library.storage().then(
      ({ used, quota }) => shown && quota > 0 && setFree(Math.max(0, quota - used)),
      // Storage that cannot be asked is told by the banner of the studio.
      () => undefined,
    );
    return () => {
      shown = false;
    };
  }, [parameters]);
  if (!recipe?.runnable || parameters === undefined || free === null) return null;
  const demand = checkpointDemand(parameters, recipe, counted?.checkpoint.held ?? parameters);
  if (demand.total <= free) return null;
  const keep = keepThatFits(demand, free);
  const words = { count: demand.count, each: format.bytes(demand.each), total: format.bytes(demand.total), free: format.bytes(free) };
  return (
    <Banner tone="warn" icon={HardDrive}>
      <span>
        {t('disk.before', words)} {keep === null && t('disk.none')}
      </span>
      {keep !== null && (
        <Button size="xs" onClick={() => useRecipe.getState().edit((before) => ({ ...before, saving: { ...before.saving, keep } }))}>
          {t('disk.keep', { count: keep })}
        </Button>
      )}
    </Banner>
  );
}

function DiskFull() {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const errorText = useErrorText();
  const error = useRun(({ run }) => run?.error ?? null);
  const { unpause, saveWeights, report } = useRun.getState();
  const [old, setOld] = useState<{ count: number; bytes: number } | null>(null);
  useEffect(() => void lab.library.oldCheckpoints().then(setOld, () => undefined), [error]);
  const free = async () => {
    try {
      await lab.library.removeOldCheckpoints();
      await unpause();
    } catch (fault) {
      report(fault);
    }
  };
  return (
    <Banner tone="bad" icon={HardDrive} role="alert">
      <span>
        <strong>{errorText(error).what}</strong> {t('disk.paused')}{' '}
        {old && (old.count > 0 ? t('disk.old', { count: old.count, bytes: format.bytes(old.bytes) }) : t('disk.noOld'))}
      </span>
      {old !== null && old.count > 0 && (
        <Button size="xs" onClick={() => void free()}>
          {t('disk.free', { bytes: format.bytes(old.bytes) })}
        </Button>
      )}
      <Button size="xs" variant="default" onClick={() => void saveWeights()}>
        {t('disk.weights')}
      </Button>
    </Banner>
  );
}
