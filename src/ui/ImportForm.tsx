/** Import of a person's files: drop or pick them, name them, start, and see progress and outcome. */
import { useMemo, type ComponentProps, type ReactNode } from 'react';
import { Button, TextInput } from '@mantine/core';
import { CircleCheck, Import as ImportIcon } from 'lucide-react';
import type { ErrorRecord } from '../core/errors';
import { Card } from './Card';
import { ErrorBanner } from './Banner';
import { FileDrop } from './FileDrop';
import styles from './ImportForm.module.css';

interface ImportFormProps {
  title: string;
  drop: ComponentProps<typeof FileDrop>;
  files: readonly File[];
  fileIcon: ReactNode;
  /** "3 files, 1.2 MB". */
  summary: (count: number, bytes: number) => string;
  name: string;
  busy: boolean;
  error: ErrorRecord | null;
  /** What was made, in words; null before. */
  done: ReactNode;
  words: { forget: string; name: string; namePlaceholder: string; run: string };
  onName: (name: string) => void;
  onSubmit: () => void;
  onReset: () => void;
  /** More fields beside the name. */
  fields?: ReactNode;
  /** Below the form: notes, progress. */
  children?: ReactNode;
}

export function ImportForm(props: ImportFormProps) {
  const { title, drop, files, fileIcon, summary, name, busy, error, done, words, onName, onSubmit, onReset, fields, children } = props;
  const bytes = useMemo(() => files.reduce((sum, file) => sum + file.size, 0), [files]);
  return (
    <Card title={title}>
      <div className={styles.import}>
        {error && (
          <div className={styles.error}>
            <ErrorBanner error={error} onDismiss={onReset} />
          </div>
        )}
        {done && (
          <p className={styles.done} role="status">
            <CircleCheck size={15} aria-hidden />
            {done}
          </p>
        )}
        {files.length === 0 ? (
          <FileDrop {...drop} />
        ) : (
          <>
            <div className={styles.files}>
              {fileIcon}
              <span className={styles.names}>{files.map((file) => file.name).join(', ')}</span>
              <span className={styles.dim}>{summary(files.length, bytes)}</span>
              {!busy && (
                <button type="button" className={styles.link} onClick={onReset}>
                  {words.forget}
                </button>
              )}
            </div>
            <form
              className={styles.form}
              onSubmit={(event) => {
                event.preventDefault();
                onSubmit();
              }}
            >
              <TextInput
                label={words.name}
                placeholder={words.namePlaceholder}
                value={name}
                maxLength={60}
                required
                disabled={busy}
                onChange={(event) => onName(event.currentTarget.value)}
              />
              {fields}
              <Button type="submit" leftSection={<ImportIcon size={15} />} disabled={busy || name.trim() === ''}>
                {words.run}
              </Button>
            </form>
            {children}
          </>
        )}
      </div>
    </Card>
  );
}
