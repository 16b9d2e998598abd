/** What the chosen files hold, file by file, and where their rows are to go. */
import { Button } from '@mantine/core';
import { ArrowDownToLine, FileWarning } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { InspectedFile } from '../../contract/ingest';
import { useErrorText } from '../../i18n/error-text';
import { useFormat } from '../../i18n/format';
import { FileOptions } from './FileOptions';
import { Target } from './Target';
import { takeInFault, useTakeIn } from './store';
import styles from './TakeIn.module.css';

/** Rows of the list; a folder of thousands is summed up below it. */
const LISTED = 60;

export function ChosenFiles() {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const take = useTakeIn();
  const { inspected, more, shown, show, start, reset } = take;
  const fault = takeInFault(take);
  const bytes = inspected.reduce((sum, file) => sum + file.bytes, 0);
  const left = inspected.filter(({ problem }) => problem !== null).length;
  // A file with a problem must not hide behind those without one.
  const listed = [...inspected].sort((a, b) => Number(b.problem !== null) - Number(a.problem !== null)).slice(0, LISTED);
  const current = inspected.find(({ path }) => path === shown);
  return (
    <form
      className={styles.body}
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <div className={styles.summary}>
        <strong>
          {t('takeIn.files', { count: inspected.length, formatted: format.count(inspected.length), bytes: format.bytes(bytes) })}
        </strong>
        {left > 0 && <span className={styles.bad}>{t('takeIn.leftOut', { count: left, formatted: format.count(left) })}</span>}
        {more && <span className={styles.bad}>{t('takeIn.tooMany')}</span>}
        <button type="button" className={styles.link} onClick={reset}>
          {t('takeIn.others')}
        </button>
      </div>
      <div className={styles.chosen}>
        <div className={styles.scroll}>
          <ul className={styles.files} aria-label={t('takeIn.list')}>
            {listed.map((file) => (
              <FileLine key={file.path} file={file} shown={file.path === shown} onShow={() => show(file.path)} />
            ))}
          </ul>
          {inspected.length > LISTED && (
            <p className={styles.dim}>
              {t('takeIn.notListed', { count: inspected.length - LISTED, formatted: format.count(inspected.length - LISTED) })}
            </p>
          )}
        </div>
        {current && <FileOptions key={current.path} file={current} />}
      </div>
      <Target />
      <div className={styles.buttons}>
        <Button type="submit" leftSection={<ArrowDownToLine size={15} />} disabled={fault !== null}>
          {t('takeIn.start')}
        </Button>
        {fault && <span className={styles.dim}>{t(`takeIn.fault.${fault}`)}</span>}
      </div>
    </form>
  );
}

function FileLine({ file, shown, onShow }: { file: InspectedFile; shown: boolean; onShow: () => void }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const errorText = useErrorText();
  return (
    <li>
      <button type="button" aria-pressed={shown} onClick={onShow} data-problem={file.problem !== null}>
        <span className={styles.path}>{file.path}</span>
        <span className={styles.facts}>
          {file.kind ? t(`takeIn.kind.${file.kind}`) : t('takeIn.kindNone')} · {format.bytes(file.bytes)}
          {file.encoding && ` · ${t(`takeIn.encoding.${file.encoding}`)}`}
        </span>
        {file.problem && (
          <span className={styles.bad}>
            <FileWarning size={13} aria-hidden /> {errorText(file.problem).what}
          </span>
        )}
      </button>
    </li>
  );
}
