/** The lesson beside the desk: its step with text and task, what is foretold, what the run must show, and the way on. */
import { useEffect, useMemo } from 'react';
import { Button, Progress } from '@mantine/core';
import { ArrowLeft, ArrowRight, Circle, CircleCheck, FileDown, Printer, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import Prediction from '../charts/Prediction';
import {
  figuresOf,
  holds,
  measuredLosses,
  measuredRun,
  stepRecipe,
  type Condition,
  type FigureName,
  type Lesson,
  type LessonStep,
  type RunFigures,
} from '../core/lesson/lesson';
import { isActive } from '../core/run/types';
import { useFormat } from '../i18n/format';
import { RUN_FILE } from '../core/text/file-name';
import { mergeKey, runFileOf, useDeskRun, useMergeCurves } from '../lab/desk-recipes';
import { navigate, useHashQuery, useShown } from '../ui/hash-location';
import { saveFile } from '../ui/save-file';
import { followRun, formerFigures, goTo, openSteps, ownLessons, progressOf, stepPath, useLearn } from './store';
import styles from './Learn.module.css';

export default function LessonPanel() {
  const { t } = useTranslation('learn');
  const query = useHashQuery();
  const { shipped, own, load } = useLearn();
  useEffect(() => void load(), [load]);
  const lesson = useMemo(
    () => [...(shipped ?? []), ...ownLessons(own)].find(({ id }) => id === query.get('lesson')),
    [shipped, own, query],
  );
  if (!shipped) return null;
  return (
    <aside className={styles.panel} aria-label={t('panel')} data-testid="lesson">
      {lesson ? <Steps lesson={lesson} asked={query.get('step')} /> : <p>{t('unknown', { lesson: query.get('lesson') ?? '' })}</p>}
    </aside>
  );
}

function Steps({ lesson, asked }: { lesson: Lesson; asked: string | null }) {
  const kept = useLearn();
  const open = openSteps(kept, lesson);
  const known = lesson.steps.findIndex(({ id }) => id === asked);
  const at = Math.min(known < 0 ? open - 1 : known, open - 1);
  const step = lesson.steps[at]!;
  useEffect(() => {
    // Also the recipe of a step comes by the address.
    if (asked !== step.id) navigate(stepPath(lesson, step), { replace: true });
  }, [lesson, step, asked]);
  useEffect(() => {
    useShown.setState({ lesson: { hide: step.hide, free: step.free } });
    return () => useShown.setState({ lesson: null });
  }, [step]);
  useEffect(() => {
    const follow = () => {
      const { run } = useDeskRun.getState();
      if (run) followRun(lesson, step, run);
    };
    follow();
    const [one, other] = [useDeskRun.subscribe(follow), useMergeCurves.subscribe(follow)];
    return () => {
      one();
      other();
    };
  }, [lesson, step]);
  return <StepView key={step.id} lesson={lesson} step={step} at={at} open={open} />;
}

const useWords = () => {
  const { i18n } = useTranslation();
  const language = i18n.language === 'zh' ? 'zh' : 'en';
  return (words: { en: string; zh: string }) => words[language];
};

function Paragraphs({ text }: { text: string }) {
  return text.split(/\n\s*\n/).map((paragraph) => <p key={paragraph}>{paragraph}</p>);
}

function StepView({ lesson, step, at, open }: { lesson: Lesson; step: LessonStep; at: number; open: number }) {
  const { t } = useTranslation('learn');
  const words = useWords();
  const { run: id, opened, figures } = useLearn((state) => progressOf(state, lesson.id, step.id));
  const [back, next] = [lesson.steps[at - 1], lesson.steps[at + 1]];
  const number = t('stepOf', { step: at + 1, steps: lesson.steps.length });
  const done = step.opens.length === 0 || opened;
  return (
    <>
      <div className={styles.panelHead}>
        <span>{words(lesson.title)}</span>
        <Button component={Link} href="/learn" size="compact-xs" variant="subtle" leftSection={<X size={12} />} className={styles.noPrint}>
          {t('leave')}
        </Button>
      </div>
      <Progress value={(100 * (at + 1)) / lesson.steps.length} size={4} radius={9} aria-label={number} />
      <h2>
        <small>{number}</small> {words(step.title)}
      </h2>
      <Paragraphs text={words(step.text)} />
      {step.task && (
        <p className={styles.task} data-testid="task">
          <b>{t('task')}</b> {words(step.task)}
        </p>
      )}
      <Foretold lesson={lesson} step={step} />
      <Conditions lesson={lesson} step={step} />
      <div role="status">
        {done && step.after && step.set && opened && (
          <div className={styles.after} data-testid="after">
            <Paragraphs text={words(step.after)} />
          </div>
        )}
        {!opened && figures && step.otherwise && <p className={styles.otherwise}>{words(step.otherwise)}</p>}
      </div>
      <div className={styles.buttons}>
        {back && (
          <Button size="xs" variant="default" leftSection={<ArrowLeft size={13} />} onClick={() => goTo(lesson, back)}>
            {t('back')}
          </Button>
        )}
        {next ? (
          <Button size="xs" rightSection={<ArrowRight size={13} />} disabled={at + 1 >= open} onClick={() => goTo(lesson, next)}>
            {t('next')}
          </Button>
        ) : (
          done && (
            <Button size="xs" component={Link} href="/learn" leftSection={<CircleCheck size={13} />}>
              {t('finish')}
            </Button>
          )
        )}
        {id !== null && figures && <Take run={id} name={`${lesson.id}-${step.id}`} />}
      </div>
    </>
  );
}

/** For the teacher, and for paper. */
function Take({ run, name }: { run: string; name: string }) {
  const { t } = useTranslation('learn');
  const { report } = useLearn.getState();
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<FileDown size={13} />}
        onClick={() => void runFileOf(run).then((blob) => saveFile(blob, `${name}${RUN_FILE}`), report)}
      >
        {t('save')}
      </Button>
      <Button size="xs" variant="default" leftSection={<Printer size={13} />} onClick={() => window.print()}>
        {t('print')}
      </Button>
    </>
  );
}

function Foretold({ lesson, step }: { lesson: Lesson; step: LessonStep }) {
  const { run: id, prediction } = useLearn((state) => progressOf(state, lesson.id, step.id));
  const run = useDeskRun((state) => state.run);
  if (!step.predict) return null;
  const { of, points, base, span } = step.predict;
  const own = run && run.runId === id ? run : null;
  const { steps } = (own?.recipe ?? stepRecipe(lesson, step)!).budget;
  return (
    <Prediction
      {...{ of, steps, points, base, span }}
      value={prediction}
      onChange={own ? undefined : (value) => useLearn.getState().note(lesson.id, step.id, { prediction: value })}
      measured={own ? measuredLosses(own, of) : []}
    />
  );
}

/** Nats below which a difference is not seen in a printed figure. */
const SEEN = 5e-4;
const COUNTS: ReadonlySet<FigureName> = new Set(['steps', 'mergePositions']);

/** What must hold of the run, with its figures now. */
function Conditions({ lesson, step }: { lesson: Lesson; step: LessonStep }) {
  const { t } = useTranslation('learn');
  const format = useFormat();
  const words = useWords();
  const { run: id, figures } = useLearn((state) => progressOf(state, lesson.id, step.id));
  const run = useDeskRun((state) => state.run);
  const curves = useMergeCurves();
  const former = formerFigures(lesson, step);
  if (step.opens.length === 0) return null;
  const own = run && run.runId === id ? run : null;
  const curve = own ? (curves[mergeKey({ base: own.recipe.base, run: own.runId, step: own.step })] ?? []) : [];
  const now: RunFigures | null = own ? figuresOf(measuredRun(own, curve)) : figures;
  const ended = own ? !isActive(own.state) : figures !== null;
  const number = (figure: FigureName, value: number) => (COUNTS.has(figure) ? format.count(value) : format.loss(value));
  const say = ({ figure, is, than, by }: Condition) => {
    const name = t(`figure.${figure}`);
    if (typeof than !== 'number') {
      const from = lesson.steps.find(({ id: other }) => other === than.step)!;
      const value = former[than.step]?.[than.figure ?? figure] ?? null;
      return t(`condition.${is}Step`, {
        ...{ figure: name, step: words(from.title), by: format.loss(by) },
        value: value === null ? '—' : number(figure, value),
      });
    }
    // "At least": a number of steps is above the one before.
    if (figure === 'steps' && is === 'above') return t('condition.steps', { value: format.count(than + 1) });
    if (is === 'within' && by < SEEN) return t('condition.same', { figure: name, value: number(figure, than) });
    if (is === 'within') return t('condition.within', { figure: name, value: number(figure, than), by: format.loss(by) });
    return t(`condition.${is}`, { figure: name, value: number(figure, is === 'above' ? than + by : than - by) });
  };
  return (
    <ul className={styles.conditions} aria-label={t('conditions')}>
      {step.opens.map((condition) => {
        const holding = now !== null && holds(condition, now, former);
        const value = now?.[condition.figure] ?? null;
        return (
          <li key={JSON.stringify(condition)} data-holds={holding && (ended || condition.figure === 'steps')}>
            {holding ? <CircleCheck size={14} aria-label={t('holds')} /> : <Circle size={14} aria-label={t('holdsNot')} />}
            <span>
              {say(condition)} {value !== null && <b>{t('now', { value: number(condition.figure, value) })}</b>}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
