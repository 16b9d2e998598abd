/** Probe sets of the person's own that no training row may overlap with. */
import { useRef, useState } from 'react';
import { Button, CloseButton } from '@mantine/core';
import { FileUp } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ErrorBanner } from '../../ui/ErrorBanner';
import { usePipelineSettings } from './settings-store';
import styles from './Pipeline.module.css';

export function ProbeFiles({ disabled }: { disabled: boolean }) {
  const { t } = useTranslation('corpus');
  const { probes, addProbes, removeProbe } = usePipelineSettings();
  const [error, setError] = useState<unknown>(null);
  const input = useRef<HTMLInputElement>(null);
  const read = async (files: readonly File[]) => {
    try {
      addProbes(await Promise.all(files.map(async (file) => ({ name: file.name, content: await file.text() }))));
    } catch (failed) {
      setError(failed);
    }
  };
  return (
    <div className={styles.lines}>
      <span className={styles.label}>{t('pipeline.probes')}</span>
      {probes.length > 0 && (
        <ul className={styles.probes}>
          {probes.map(({ name }) => (
            <li key={name}>
              {name}
              <CloseButton size="xs" aria-label={t('removeName', { name })} disabled={disabled} onClick={() => removeProbe(name)} />
            </li>
          ))}
        </ul>
      )}
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<FileUp size={13} />}
        disabled={disabled}
        onClick={() => input.current?.click()}
      >
        {t('pipeline.addProbes')}
      </Button>
      <span className={styles.dim}>{t('pipeline.probesHint')}</span>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept=".jsonl,.json"
        aria-label={t('pipeline.addProbes')}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = '';
          void read(files);
        }}
      />
      {error !== null && <ErrorBanner error={error} onDismiss={() => setError(null)} />}
    </div>
  );
}
