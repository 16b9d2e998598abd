/** Learn: the lessons that ship and a person's own, each with how far it has come; and the class's runs side by side. */
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { Button, Progress, TextInput } from '@mantine/core';
import { CirclePlay, Clock, CloudDownload, FileInput, Globe, GraduationCap, RotateCcw, Trash2, Users } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { LARGEST_LESSON, type Lesson } from '../core/lesson/lesson';
import { documentAddress } from '../core/model/hub-source';
import { StudioError } from '../core/errors';
import { lab } from '../lab/lab';
import { ErrorBanner } from '../ui/Banner';
import { Card, PageHead } from '../ui/Card';
import { useHashQuery } from '../ui/hash-location';
import { HubDialog } from '../ui/HubDialog';
import { openSteps, ownLessons, progressOf, stepPath, useLearn } from './store';
import styles from './Learn.module.css';

const ClassView = lazy(() => import('./ClassView'));

export default function Page() {
  const { t } = useTranslation('learn');
  const { shipped, own, error, load, dismiss } = useLearn();
  const view = useHashQuery().get('view') === 'class' ? 'class' : 'lessons';
  useEffect(() => void load(), [load]);
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')}>
        <nav className={styles.views} aria-label={t('views')}>
          <Link href="/learn" aria-current={view === 'lessons' ? 'page' : undefined}>
            <GraduationCap size={14} aria-hidden /> {t('lessons')}
          </Link>
          <Link href="/learn?view=class" aria-current={view === 'class' ? 'page' : undefined}>
            <Users size={14} aria-hidden /> {t('class.title')}
          </Link>
        </nav>
      </PageHead>
      {error && <ErrorBanner error={error} onRetry={shipped ? undefined : () => void load()} onDismiss={dismiss} />}
      <div className={styles.page}>
        {view === 'class' ? (
          <Suspense>
            <ClassView />
          </Suspense>
        ) : (
          <>
            <ul className={styles.lessons} aria-label={t('lessons')}>
              {[...(shipped ?? []), ...ownLessons(own)].map((lesson) => (
                <LessonItem key={lesson.id} lesson={lesson} own={lesson.id in own} />
              ))}
            </ul>
            <p className={styles.again}>
              <Link href="/desk?tour=1">{t('tour.again')}</Link>
            </p>
            <Loading />
          </>
        )}
      </div>
    </>
  );
}

function LessonItem({ lesson, own }: { lesson: Lesson; own: boolean }) {
  const { t, i18n } = useTranslation('learn');
  const language = i18n.language === 'zh' ? 'zh' : 'en';
  const kept = useLearn();
  const open = openSteps(kept, lesson);
  const begun = lesson.steps.some(({ id }) => progressOf(kept, lesson.id, id).run !== null);
  // The last step counts as done once it would open another.
  const last = lesson.steps.at(-1)!;
  const done = Math.max(
    0,
    open - (open === lesson.steps.length && (last.opens.length === 0 || progressOf(kept, lesson.id, last.id).opened) ? 0 : 1),
  );
  const share = begun ? done / lesson.steps.length : 0;
  const title = lesson.title[language];
  const [first] = lesson.steps;
  return (
    <li className={styles.lesson} data-testid="lesson-item" data-lesson={lesson.id}>
      <h2>{title}</h2>
      <p>{lesson.summary[language]}</p>
      <p className={styles.dim}>
        <Clock size={12} aria-hidden /> {t('minutes', { count: lesson.minutes })} · {t('steps', { count: lesson.steps.length })}
      </p>
      <Progress
        value={100 * share}
        size={5}
        radius={9}
        aria-label={t('progress', { done: begun ? done : 0, steps: lesson.steps.length })}
      />
      <div className={styles.buttons}>
        <Button
          component={Link}
          href={stepPath(lesson, begun ? (lesson.steps[open - 1] ?? first!) : first!)}
          size="xs"
          leftSection={<CirclePlay size={14} />}
          aria-label={t(begun ? 'continueLesson' : 'startLesson', { title })}
        >
          {t(begun ? 'continue' : 'start')}
        </Button>
        {begun && (
          <Button size="xs" variant="default" leftSection={<RotateCcw size={13} />} onClick={() => kept.restart(lesson.id)}>
            {t('restart')}
          </Button>
        )}
        {own && (
          <Button size="xs" variant="default" leftSection={<Trash2 size={13} />} onClick={() => kept.forget(lesson.id)}>
            {t('remove')}
          </Button>
        )}
      </div>
    </li>
  );
}

/** A lesson from a file, or from an address once the person has agreed to its host. */
function Loading() {
  const { t } = useTranslation('learn');
  const { take, report } = useLearn();
  const file = useRef<HTMLInputElement>(null);
  const [address, setAddress] = useState('');
  const [asked, setAsked] = useState<{ host: string; href: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const taken = async (chosen: File | undefined) => {
    if (!chosen) return;
    if (chosen.size > 4 * LARGEST_LESSON)
      report(new StudioError('file-too-large', chosen.name, { file: chosen.name, bytes: chosen.size, limit: LARGEST_LESSON }));
    else take(chosen.name, await chosen.text());
  };
  const connect = async () => {
    setBusy(true);
    try {
      take(asked!.href, await lab.hub.text(asked!.href, LARGEST_LESSON));
    } catch (error) {
      report(error);
    } finally {
      setBusy(false);
      setAsked(null);
    }
  };
  return (
    <Card title={t('load.title')} className={styles.noPrint}>
      <p className={styles.dim}>{t('load.text')}</p>
      <form
        className={styles.load}
        onSubmit={(event) => {
          event.preventDefault();
          try {
            setAsked(documentAddress(address));
          } catch (error) {
            report(error);
          }
        }}
      >
        <Button size="xs" variant="default" leftSection={<FileInput size={14} />} onClick={() => file.current?.click()}>
          {t('load.file')}
        </Button>
        <TextInput
          size="xs"
          aria-label={t('load.address')}
          placeholder="https://…/lesson.json"
          value={address}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => setAddress(event.currentTarget.value)}
        />
        <Button size="xs" type="submit" variant="default" leftSection={<CloudDownload size={14} />} disabled={address.trim() === ''}>
          {t('load.open')}
        </Button>
        <input
          ref={file}
          type="file"
          accept=".json,application/json"
          hidden
          data-testid="lesson-file"
          onChange={(event) => {
            void taken(event.currentTarget.files?.[0]);
            event.currentTarget.value = '';
          }}
        />
      </form>
      <HubDialog
        opened={asked !== null}
        title={t('load.ask', { host: asked?.host ?? '' })}
        place={[[t('load.address'), asked?.href]]}
        onClose={() => {
          if (busy) void lab.hub.cancel();
          setAsked(null);
        }}
        confirm={
          <Button leftSection={<Globe size={15} />} loading={busy} onClick={() => void connect()}>
            {t('load.connect', { host: asked?.host ?? '' })}
          </Button>
        }
      >
        <p>{t('load.sent', { host: asked?.host ?? '' })}</p>
      </HubDialog>
    </Card>
  );
}
