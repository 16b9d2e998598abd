/** Step 1: files, folders and archives added step by step or imported in one step; ingests that were interrupted. */
import { SegmentedControl, Button } from '@mantine/core';
import { FileText, History } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { CorpusRecord } from '../../contract/corpus';
import { useFormat } from '../../i18n/format';
import { ImportForm } from '../../ui/ImportForm';
import { useWorkshop } from '../channels/store';
import { TEXT_EXTENSIONS, useCorpora, useCorpusImport } from '../store';
import { lazy, Suspense, useState, useEffect } from 'react';
import type { InterruptedIngest } from '../../contract/ingest';
import { FileDrop } from '../../ui/FileDrop';
import { useIngest } from './store';
import { Card, Skeleton } from '../../ui/Card';
import { ErrorBanner } from '../../ui/Banner';
import { ChosenFiles } from './ChosenFiles';
import { Ingested, ReadingProgress } from './IngestOutcome';
import styles from './Ingest.module.css';

/** Text files imported in one step: files, name, role, progress, and what was made and left out. */
function ImportCard({ onStepwise }: { onStepwise: () => void }) {
  const { t } = useTranslation('corpus');
  const { t: common } = useTranslation();
  const format = useFormat();
  const loadWorkshop = useWorkshop((state) => state.load);
  const importing = useCorpusImport();
  const role = useCorpora((state) => state.importRole);
  const setRole = useCorpora((state) => state.setImportRole);
  const leftOut = (what: 'duplicates' | 'badLines', count: number) => t(`import.${what}`, { count, formatted: format.count(count) });
  const done = (made: CorpusRecord) => (
    <>
      <span>
        {t('import.done', {
          name: made.name,
          train: format.count(made.documents.train),
          heldOut: format.count(made.documents.heldOut),
        })}
      </span>
      {made.leftOut && made.leftOut.duplicates > 0 && <span>{leftOut('duplicates', made.leftOut.duplicates)}</span>}
      {made.leftOut && made.leftOut.badLines > 0 && (
        <details className={styles.findings}>
          <summary>{leftOut('badLines', made.leftOut.badLines)}</summary>
          <ul>
            {made.leftOut.examples.map(({ file, line, detail, reason }) => (
              <li key={`${file} ${line}`}>
                <strong>{t('location', { path: file, line: format.count(line) })}</strong> {reason && t(`ingest.bad.${reason}`)}
                {detail !== reason && <code>{detail}</code>}
              </li>
            ))}
          </ul>
        </details>
      )}
      <Link href="/desk">{t('import.toDesk')}</Link>
    </>
  );
  const fields = (
    <div className={styles.role}>
      <span id="import-role">{t('import.role')}</span>
      <SegmentedControl
        aria-labelledby="import-role"
        value={role}
        disabled={importing.state === 'busy'}
        onChange={setRole}
        data={(['domain', 'general'] as const).map((value) => ({ value, label: common(`role.${value}`) }))}
      />
    </div>
  );
  return (
    <ImportForm
      importing={importing}
      words={{
        title: t('import.title'),
        drop: t('import.drop'),
        hint: t('import.hint'),
        pick: t('import.pick'),
        forget: t('import.forget'),
        name: t('import.name'),
        namePlaceholder: t('import.namePlaceholder'),
        run: t('import.run'),
      }}
      accept={TEXT_EXTENSIONS.join(',')}
      fileIcon={<FileText size={15} aria-hidden />}
      summary={(count, bytes) => t('import.files', { count, bytes: format.bytes(bytes) })}
      done={done}
      onSubmit={() => void importing.submit().then(loadWorkshop)}
      fields={fields}
    >
      <p className={styles.dim}>
        {t(`import.roleHint.${role}`)}{' '}
        {importing.files.length > 0 && importing.state !== 'busy' && (
          <button type="button" className={styles.link} onClick={onStepwise}>
            {t('import.stepwise')}
          </button>
        )}
      </p>
    </ImportForm>
  );
}

function Interrupted({ job }: { job: InterruptedIngest }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { goOn, keep, discard } = useIngest();
  const channel = useWorkshop((state) => state.channels.find(({ id }) => id === job.channel));
  const [dropping, setDropping] = useState(false);
  const open = job.files.filter(({ state }) => state !== 'done');
  const resume = () => {
    if (job.dataset) void import('./dataset-store').then(({ useDataset }) => useDataset.getState().ask(job));
    else if (job.handles.length > 0) void goOn(job, []);
    else setDropping(true);
  };
  const bytes = job.files.reduce((sum, file) => sum + file.bytes, 0);
  const done = job.dataset?.fetched ?? job.files.reduce((sum, file) => sum + (file.state === 'done' ? file.bytes : file.done), 0);
  const total = Math.min(bytes, job.dataset?.budget ?? Infinity);
  return (
    <section className={styles.interrupted} aria-label={t('interrupted.title')} data-testid="interrupted">
      <p>
        <History size={15} aria-hidden /> <strong>{t('interrupted.title')}</strong>{' '}
        {t('interrupted.what', {
          channel: channel?.name ?? '—',
          date: format.dateTime(job.startedAt),
          rows: format.count(job.rows),
          done: format.bytes(done),
          total: format.bytes(total),
        })}
      </p>
      {dropping && (
        <FileDrop
          title={t('interrupted.drop')}
          hint={open
            .slice(0, 5)
            .map(({ path }) => path)
            .join(', ')}
          pick={t('ingest.pick')}
          pickFolder={t('ingest.pickFolder')}
          accept=""
          onFiles={(_, { files }) => void goOn(job, files)}
        />
      )}
      <div className={styles.buttons}>
        <Button size="xs" disabled={dropping} onClick={resume}>
          {t('interrupted.goOn')}
        </Button>
        {job.rows > 0 && (
          <Button size="xs" variant="default" onClick={() => void keep(job)}>
            {t('interrupted.keep', { rows: format.count(job.rows) })}
          </Button>
        )}
        <Button size="xs" variant="default" onClick={() => void discard(job)}>
          {t('interrupted.discard')}
        </Button>
      </div>
    </section>
  );
}

const DatasetForm = lazy(() => import('./Dataset').then((parts) => ({ default: parts.DatasetForm })));
const DatasetQuestion = lazy(() => import('./Dataset').then((parts) => ({ default: parts.DatasetQuestion })));

const RecordFormats = lazy(() => import('./RecordFormats'));

const WAYS = ['workshop', 'desk'] as const;

/** Help that is loaded when it is opened. */
function Formats() {
  const { t } = useTranslation('corpus');
  const [open, setOpen] = useState(false);
  return (
    <details className={styles.findings} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t('formats.title')}</summary>
      {open && (
        <Suspense fallback={<Skeleton lines={4} />}>
          <RecordFormats />
        </Suspense>
      )}
    </details>
  );
}

export function IngestCard({ onNext }: { onNext: () => void }) {
  const { t } = useTranslation('corpus');
  const [way, setWay] = useState<(typeof WAYS)[number]>('workshop');
  const { state, error, interrupted, addFiles, reset, dismiss, loadInterrupted } = useIngest();
  useEffect(() => void loadInterrupted(), [loadInterrupted]);
  /** The files chosen here go along to the steps, where held-out text of one's own can be given. */
  function stepwise() {
    const { files, reset: forget } = useCorpusImport.getState();
    setWay('workshop');
    void addFiles({ files: files.map((file) => ({ file, path: file.name })), more: false });
    forget();
  }
  return (
    <Card
      title={t('steps.ingest')}
      data-testid="ingest"
      aside={
        <SegmentedControl
          size="xs"
          aria-label={t('ingest.way')}
          value={way}
          disabled={state === 'busy'}
          onChange={setWay}
          data={WAYS.map((value) => ({ value, label: t(`ingest.ways.${value}`) }))}
        />
      }
    >
      <div className={styles.body}>
        <p className={styles.dim}>{t(`ingest.lead.${way}`)}</p>
        {(way === 'desk' || state === 'idle' || state === 'chosen') && <Formats />}
        {way === 'desk' && <ImportCard onStepwise={stepwise} />}
        {way === 'workshop' && (
          <>
            {state !== 'busy' && interrupted.map((job) => <Interrupted key={job.id} job={job} />)}
            {error && <ErrorBanner error={error} onDismiss={dismiss} />}
            {state === 'done' && <Ingested />}
            {state === 'busy' && <ReadingProgress />}
            {state === 'inspecting' && <Skeleton lines={4} />}
            {state === 'chosen' && <ChosenFiles />}
            {(state === 'idle' || state === 'done') && (
              <>
                <FileDrop
                  title={t('ingest.drop')}
                  hint={t('ingest.hint')}
                  pick={t('ingest.pick')}
                  pickFolder={t('ingest.pickFolder')}
                  accept=""
                  onFiles={(_, taken) => void addFiles(taken)}
                />
                <Suspense fallback={<Skeleton lines={3} />}>
                  <DatasetForm />
                </Suspense>
              </>
            )}
            <Suspense fallback={null}>
              <DatasetQuestion />
            </Suspense>
            {state === 'done' && (
              <div className={styles.buttons}>
                <Button size="xs" onClick={onNext}>
                  {t('ingest.next')}
                </Button>
                <Button size="xs" variant="default" onClick={reset}>
                  {t('ingest.close')}
                </Button>
              </div>
            )}
          </>
        )}
      </div>
    </Card>
  );
}
