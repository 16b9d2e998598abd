/** The run's name; a click or Enter makes it a field, Enter keeps the new name, Escape the old one. */
import { useState } from 'react';
import { ActionIcon, TextInput } from '@mantine/core';
import { Pencil } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useRuns } from './store';
import styles from './Runs.module.css';

export function RunName({ id, name }: { id: string; name: string }) {
  const { t } = useTranslation('runs');
  const rename = useRuns((state) => state.rename);
  const [draft, setDraft] = useState<string | null>(null);
  if (draft === null)
    return (
      <div className={styles.name}>
        <h2>{name}</h2>
        <ActionIcon size={22} variant="subtle" color="gray" aria-label={t('rename', { name })} onClick={() => setDraft(name)}>
          <Pencil size={13} />
        </ActionIcon>
      </div>
    );
  const keep = () => {
    setDraft(null);
    void rename(id, draft);
  };
  return (
    <TextInput
      size="xs"
      autoFocus
      aria-label={t('name')}
      value={draft}
      maxLength={120}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={keep}
      onKeyDown={(event) => {
        if (event.key === 'Enter') keep();
        if (event.key === 'Escape') setDraft(null);
      }}
    />
  );
}
