/** A list of words, one entry a line, typed or read from a file. What is typed counts at once and is tidied when the field is left. */
import { useRef, useState } from 'react';
import { Button, Textarea } from '@mantine/core';
import { FileUp } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ErrorBanner } from '../../ui/ErrorBanner';
import styles from './Pipeline.module.css';

interface Props {
  label: string;
  help?: string;
  /** As lines. */
  value: string;
  disabled: boolean;
  onChange(text: string): void;
}

export function LineListField({ label, help, value, disabled, onChange }: Props) {
  const { t } = useTranslation('corpus');
  const [typed, setTyped] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const file = useRef<HTMLInputElement>(null);
  const read = async (picked: File | undefined) => {
    if (!picked) return;
    try {
      onChange(`${value}\n${await picked.text()}`);
      setTyped(null);
    } catch (failed) {
      setError(failed);
    }
  };
  return (
    <div className={styles.lines}>
      <Textarea
        size="xs"
        label={label}
        description={help}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        rows={5}
        value={typed ?? value}
        disabled={disabled}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          onChange(event.currentTarget.value);
        }}
        onBlur={() => setTyped(null)}
      />
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<FileUp size={13} />}
        disabled={disabled}
        aria-label={t('pipeline.importInto', { list: label })}
        onClick={() => file.current?.click()}
      >
        {t('pipeline.import')}
      </Button>
      <input
        ref={file}
        type="file"
        hidden
        accept=".txt,.csv,.tsv,text/plain"
        aria-label={t('pipeline.importInto', { list: label })}
        onChange={(event) => {
          const picked = event.currentTarget.files?.[0];
          event.currentTarget.value = '';
          void read(picked);
        }}
      />
      {error !== null && <ErrorBanner error={error} onDismiss={() => setError(null)} />}
    </div>
  );
}
