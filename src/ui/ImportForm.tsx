/** Import of a person's files: drop or pick them, name them, start, and see progress and outcome. */
import { useMemo, type ReactNode } from 'react';
import { Button, TextInput } from '@mantine/core';
import { CircleCheck, Import as ImportIcon } from 'lucide-react';
import { ProgressLine } from '../channels/ProgressLine';
import { ErrorBanner } from './Banner';
import { Card } from './Card';
import { FileDrop } from './FileDrop';
import type { ImportState } from './import-store';
import styles from './ImportForm.module.css';

interface ImportFormProps<Made> {
  importing: ImportState<Made>;
  words: {
    title: string;
    drop: string;
    hint: string;
    pick: string;
    /** Without it no folder is picked. */
    pickFolder?: string;
    forget: string;
    name: string;
    namePlaceholder: string;
    run: string;
  };
  /** As the `accept` attribute: ".txt,.md". */
  accept: string;
  fileIcon: ReactNode;
  /** "3 files, 1.2 MB". */
  summary: (count: number, bytes: number) => string;
  /** What was made, in words. */
  done: (made: Made) => ReactNode;
  /** In place of `importing.submit`. */
  onSubmit?: () => void;
  /** More fields beside the name. */
  fields?: ReactNode;
  /** A note below the form. */
  children?: ReactNode;
}

export function ImportForm<Made>({ importing, words, accept, fileIcon, summary, done, onSubmit, fields, children }: ImportFormProps<Made>) {
  const { files, name, state, progress, error, made, take, setName, submit, cancel, reset } = importing;
  const busy = state === 'busy';
  const bytes = useMemo(() => files.reduce((sum, file) => sum + file.size, 0), [files]);
  return (
    <Card title={words.title}>
      <div className={styles.import}>
        {error && (
          <div className={styles.error}>
            <ErrorBanner error={error} onDismiss={reset} />
          </div>
        )}
        {made && (
          <div className={styles.done} role="status">
            <CircleCheck size={15} aria-hidden />
            {done(made)}
          </div>
        )}
        {files.length === 0 ? (
          <FileDrop
            title={words.drop}
            hint={words.hint}
            pick={words.pick}
            {...(words.pickFolder === undefined ? {} : { pickFolder: words.pickFolder })}
            accept={accept}
            onFiles={take}
          />
        ) : (
          <>
            <div className={styles.files}>
              {fileIcon}
              <span className={styles.names}>{files.map((file) => file.name).join(', ')}</span>
              <span className={styles.dim}>{summary(files.length, bytes)}</span>
              {!busy && (
                <button type="button" className={styles.link} onClick={reset}>
                  {words.forget}
                </button>
              )}
            </div>
            <form
              className={styles.form}
              onSubmit={(event) => {
                event.preventDefault();
                if (onSubmit) onSubmit();
                else void submit();
              }}
            >
              <TextInput
                label={words.name}
                placeholder={words.namePlaceholder}
                value={name}
                maxLength={60}
                required
                disabled={busy}
                onChange={(event) => setName(event.currentTarget.value)}
              />
              {fields}
              <Button type="submit" leftSection={<ImportIcon size={15} />} disabled={busy || name.trim() === ''}>
                {words.run}
              </Button>
            </form>
            {children}
            {busy && cancel && <ProgressLine progress={progress} onCancel={() => void cancel()} />}
          </>
        )}
      </div>
    </Card>
  );
}
