/** What makes a row hard, for a curriculum: its length and terms, or what a base model makes of it. */
import { useEffect, useState } from 'react';
import { NativeSelect } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { ModelRecord } from '../../contract/library';
import { lab } from '../../lab/lab';
import { usePipelineSettings } from './settings-store';

export function DifficultyField({ disabled }: { disabled: boolean }) {
  const { t } = useTranslation('corpus');
  const { base, setBase } = usePipelineSettings();
  const [models, setModels] = useState<readonly ModelRecord[]>([]);
  useEffect(() => {
    let open = true;
    lab.library.models().then(
      (found) => open && setModels(found),
      // Without a list there is one way left, and it stands there.
      () => undefined,
    );
    return () => {
      open = false;
    };
  }, []);
  return (
    <NativeSelect
      size="xs"
      label={t('pipeline.difficulty')}
      description={base === null ? undefined : t('pipeline.difficultyHint')}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      value={base ?? ''}
      disabled={disabled}
      data={[
        { value: '', label: t('pipeline.byLength') },
        ...models.map(({ id, name }) => ({ value: id, label: t('pipeline.byLoss', { model: name }) })),
      ]}
      onChange={(event) => setBase(event.currentTarget.value === '' ? null : event.currentTarget.value)}
    />
  );
}
