/**
 * The runs of the list as a table: columns to choose, those that differ alone, losses at their end, least, greatest or at a step, sorted,
 * pinned, in groups. A run that is pressed is on the chart of several; what the history of a run tells is read when the table opens.
 */
import { useEffect, useMemo, useState } from 'react';
import { ActionIcon, TextInput } from '@mantine/core';
import { Star } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useColumnWords } from '../channels/column-words';
import { errorRecord } from '../core/errors';
import { isActive, type RunRecord } from '../core/run/types';
import type { Column } from '../core/sweep/columns';
import { lab } from '../lab/lab';
import { ColumnTable, type RowChoice } from '../ui/ColumnTable';
import { runColumns, type Outcome } from './run-facts';
import { useRuns } from './store';
import styles from './Runs.module.css';

const NO_ROWS: readonly never[] = [];
/** Width of a window, in pixels, below which the names stay narrow. */
const NARROW = 520;
/** Settings that are shown before a person chooses. */
const FIRST_SETTINGS = 5;

/** Settings that differ, and what the runs gave. */
function firstColumns(columns: readonly Column[]): string[] {
  const named = (id: string) => columns.some((column) => column.id === id);
  const settings = columns.filter(({ subject, differs }) => subject.kind === 'setting' && differs).slice(0, FIRST_SETTINGS);
  const losses = columns.filter(({ subject }) => subject.kind === 'loss' && subject.reading === 'last');
  return [
    ...['tags', 'state', 'began', 'seed'].filter((id) => (id === 'seed' ? columns.find((column) => column.id === id)?.differs : named(id))),
    ...settings.map(({ id }) => id),
    ...['retention', 'gain'].filter(named),
    ...losses.map(({ id }) => id),
  ];
}

export default function Tracker({ runs }: { runs: readonly RunRecord[] }) {
  const { t } = useTranslation('runs');
  const { t: table } = useTranslation('explore');
  const overlaid = useRuns((state) => state.overlaid);
  const overlay = useRuns((state) => state.overlay);
  const mark = useRuns((state) => state.mark);
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map());
  const [hovered, setHovered] = useState<readonly number[]>(NO_ROWS);
  const [typed, setTyped] = useState('');
  const step = /^\d+$/.test(typed) ? Number(typed) : null;
  const words = useColumnWords(step);

  // A run that goes on is read again with each look; one that has ended is read once.
  const wanted = runs.filter(({ id, state }) => isActive(state) || !outcomes.has(id)).map(({ id }) => id);
  const asked = wanted.join();
  useEffect(() => {
    if (asked === '') return;
    let current = true;
    lab.library.outcomes(asked.split(',')).then(
      (read) => current && setOutcomes((before) => new Map([...before, ...read.map(({ id, ...outcome }) => [id, outcome] as const)])),
      (error: unknown) => useRuns.setState({ failure: errorRecord(error) }),
    );
    return () => {
      current = false;
    };
  }, [asked]);

  const columns = useMemo(() => runColumns(runs, outcomes, step), [runs, outcomes, step]);
  const rows = useMemo(() => runs.map((_, at) => at), [runs]);
  const picked = useMemo(() => new Set(runs.flatMap(({ id }, at) => (overlaid.has(id) ? [at] : []))), [runs, overlaid]);
  const choice: RowChoice = {
    picked,
    hovered,
    lit: (row) => picked.size === 0 || picked.has(row),
    hover: (next) => setHovered((before) => (before.join() === next.join() ? before : next)),
    pick: (row) => void overlay(runs[row]!.id),
  };
  return (
    <ColumnTable
      key={runs.length === 0 ? 'none' : 'some'}
      title={t('table.title')}
      testId="runs-table"
      {...{ columns, rows, words, choice }}
      nameOf={(row) => runs[row]?.name ?? ''}
      first={firstColumns(columns)}
      fileName="crossfade"
      nameWidth={window.innerWidth < NARROW ? 136 : 210}
      onlyLabel={t('table.only')}
      unfiltered
      controls={
        <TextInput
          size="xs"
          className={styles.atStep ?? ''}
          label={table('atStep')}
          placeholder={table('atStepNone')}
          inputMode="numeric"
          value={typed}
          error={typed !== '' && step === null ? table('atStepBad') : undefined}
          onChange={(event) => setTyped(event.currentTarget.value.trim())}
        />
      }
      besideName={(row) => {
        const { id, name, starred = false } = runs[row]!;
        return (
          <ActionIcon
            size={20}
            variant="subtle"
            color="gray"
            aria-pressed={starred}
            aria-label={t('mark.star', { name })}
            onClick={() => void mark(id, { starred: !starred })}
          >
            <Star size={13} fill={starred ? 'currentColor' : 'none'} />
          </ActionIcon>
        );
      }}
    />
  );
}
