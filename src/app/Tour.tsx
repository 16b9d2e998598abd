/** The first visit's tour of the desk: six stops beside a run of 60 steps. It is offered, can be skipped, and the answer is remembered. */
import { useEffect, useRef, useState } from 'react';
import { Button } from '@mantine/core';
import { ArrowLeft, ArrowRight, Compass, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { create } from 'zustand';
import { persist } from 'zustand/middleware';
import { recipeSchema } from '../core/recipe/schema';
import { encodeRecipe } from '../core/recipe/share-link';
import { presets } from '../lab/desk-recipes';
import { Banner } from '../ui/Banner';
import { navigate, useHashQuery } from '../ui/hash-location';
import { plainStorage } from '../ui/plain-storage';
import styles from './Tour.module.css';

/** What each stop is about: the first element of it that the page has. */
const STOPS = [
  { id: 'run', target: '[data-testid="run"]' },
  { id: 'chart', target: '[data-part="chart"]' },
  { id: 'mixture', target: '[data-testid="strips"]' },
  { id: 'master', target: '[data-testid="master"]' },
  { id: 'side', target: '[data-part="side"]' },
  { id: 'learn', target: 'header a[href="#/learn"]' },
] as const;
const STEPS = 60;
/** Milliseconds between two looks at where the target stands: the page moves while it trains. */
const LOOK_MS = 250;
/** Pixels between the ring and what it is around. */
const RING = 6;

const useAnswered = create(
  persist((): { answered: boolean } => ({ answered: false }), {
    name: 'crossfade.tour',
    storage: plainStorage(
      { answered: false },
      (text) => ({ answered: text === 'true' }),
      ({ answered }) => String(answered),
    ),
  }),
);

/** The golden ratio for a minute. */
async function begin(): Promise<void> {
  const { recipe } = (await presets()).find(({ id }) => id === 'golden-ratio')!;
  const short = recipeSchema.parse({
    ...recipe,
    name: 'tour',
    budget: { steps: STEPS },
    evaluation: { everySteps: 20, rowsPerChannel: 8, probesPerGroup: 0 },
    logging: { everySteps: 2 },
  });
  navigate(`/desk?recipe=${encodeRecipe(short)}&run=auto`, { replace: true });
}

export default function Tour() {
  const { t } = useTranslation('learn');
  const asked = useHashQuery().get('tour') === '1';
  const answered = useAnswered((state) => state.answered);
  // Null: not begun.
  const [at, setAt] = useState<number | null>(null);
  const end = () => {
    useAnswered.setState({ answered: true });
    setAt(null);
    if (asked) navigate('/desk', { replace: true });
  };
  if (at !== null) return <Stop at={at} onMove={setAt} onEnd={end} />;
  if (answered && !asked) return null;
  return (
    <Banner tone="plain" icon={Compass}>
      <span>{t('tour.offer')}</span>
      <Button
        size="xs"
        onClick={() => {
          useAnswered.setState({ answered: true });
          setAt(0);
          void begin();
        }}
      >
        {t('tour.begin')}
      </Button>
      <Button size="xs" variant="default" onClick={end}>
        {t('tour.no')}
      </Button>
    </Banner>
  );
}

interface Place {
  top: number;
  left: number;
  width: number;
  height: number;
}

/** Where the target stands in the window; null while it is not there. */
function usePlace(target: string): Place | null {
  const [place, setPlace] = useState<Place | null>(null);
  useEffect(() => {
    const find = () => document.querySelector(target);
    const look = () => {
      const box = find()?.getBoundingClientRect();
      setPlace((before) => {
        if (!box || box.width === 0) return null;
        const { top, left, width, height } = box;
        const same = before?.top === top && before.left === left && before.width === width && before.height === height;
        return same ? before : { top, left, width, height };
      });
    };
    // One that is taller than the window is shown from its top.
    const box = find()?.getBoundingClientRect();
    find()?.scrollIntoView({ block: box && box.height > window.innerHeight / 2 ? 'start' : 'center' });
    if (box && box.height > window.innerHeight / 2) window.scrollBy({ top: -80 });
    look();
    const timer = setInterval(look, LOOK_MS);
    window.addEventListener('scroll', look, { passive: true });
    return () => {
      clearInterval(timer);
      window.removeEventListener('scroll', look);
    };
  }, [target]);
  return place;
}

function Stop({ at, onMove, onEnd }: { at: number; onMove: (at: number) => void; onEnd: () => void }) {
  const { t } = useTranslation('learn');
  const card = useRef<HTMLDivElement>(null);
  const { id, target } = STOPS[at]!;
  const place = usePlace(target);
  const last = at === STOPS.length - 1;
  useEffect(() => card.current?.focus({ preventScroll: true }), [at]);
  return (
    <>
      {place && (
        <div
          className={styles.ring}
          style={{ top: place.top - RING, left: place.left - RING, width: place.width + 2 * RING, height: place.height + 2 * RING }}
          aria-hidden
        />
      )}
      <div
        ref={card}
        className={styles.card}
        // Never over what it speaks of.
        data-side={place && place.top + place.height / 2 > window.innerHeight / 2 ? 'top' : 'bottom'}
        role="dialog"
        aria-label={t('tour.label')}
        tabIndex={-1}
        data-testid="tour"
        onKeyDown={(event) => event.key === 'Escape' && onEnd()}
      >
        <small>{t('tour.stop', { stop: at + 1 })}</small>
        <h2>{t(`tour.stops.${id}.title`)}</h2>
        <p>{t(`tour.stops.${id}.text`)}</p>
        <div className={styles.buttons}>
          <Button size="xs" variant="subtle" leftSection={<X size={13} />} onClick={onEnd}>
            {t('tour.skip')}
          </Button>
          {at > 0 && (
            <Button size="xs" variant="default" leftSection={<ArrowLeft size={13} />} onClick={() => onMove(at - 1)}>
              {t('tour.back')}
            </Button>
          )}
          <Button size="xs" rightSection={last ? undefined : <ArrowRight size={13} />} onClick={() => (last ? onEnd() : onMove(at + 1))}>
            {t(last ? 'tour.end' : 'tour.next')}
          </Button>
        </div>
      </div>
    </>
  );
}
