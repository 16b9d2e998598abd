/**
 * What a sweep's runs show: parallel axes, a scatter plot, a response surface and a table, with one choice of runs for all of them, and the
 * sweep as files.
 */
import { startTransition, useCallback, useDeferredValue, useEffect, useMemo, useState } from 'react';
import { Button, CloseButton, TextInput } from '@mantine/core';
import { ChartScatter, Download } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useColumnWords } from '../../channels/column-words';
import { PANDAS, sweepFiles, zipFiles } from '../../core/sweep/archive';
import { sweepColumns, type Cell, type Column } from '../../core/sweep/columns';
import { DEFAULT_GOAL } from '../../core/laws/recommend';
import { fitInputOf, type SweepRecord } from '../../core/sweep/record';
import { useFormat } from '../../i18n/format';
import { lab } from '../../lab/lab';
import { ErrorBanner } from '../../ui/Banner';
import { Card, EmptyState, Skeleton } from '../../ui/Card';
import { saveFile } from '../../ui/save-file';
import { ColumnTable } from '../../ui/ColumnTable';
import { axisOf } from './pictures';
import { Parallel } from './Parallel';
import { Response, Scatter } from './Planes';
import { ColumnPicker } from './view-parts';
import styles from './Explore.module.css';

/** On an axis: values of a column of numbers, places from 0 to 1 of one of words. */
export interface Brush {
  low: number;
  high: number;
}

/** Which runs are looked at, the same in every view. */
export interface RunChoice {
  brushes: ReadonlyMap<string, Brush>;
  /** Runs that were pressed; none: all that the brushes let through. */
  picked: ReadonlySet<number>;
  /** Runs under the pointer or the focus. */
  hovered: readonly number[];
  /** Is the run chosen? */
  lit: (row: number) => boolean;
  hover(rows: readonly number[]): void;
  pick(row: number): void;
  /** null takes the brush away. */
  brush(column: string, brush: Brush | null): void;
}

const idOf = (column: Column | undefined) => column?.id ?? '';
const SETTINGS: readonly string[] = ['setting', 'size', 'epochs'];

/** What is shown before a person chooses: settings that were varied on one side, what they did on the other. */
function firstShown(columns: readonly Column[]) {
  const varied = columns.filter(({ subject, differs }) => differs && SETTINGS.includes(subject.kind));
  const axes = varied.filter(({ subject }) => subject.kind === 'setting' && subject.axis);
  const settings = axes.length > 0 ? axes : varied;
  const numeric = settings.filter(({ type }) => type === 'number');
  const others = varied.filter((column) => column.type === 'number' && !numeric.includes(column));
  const named = (id: string) => columns.find((column) => column.id === id);
  const losses = columns.filter(({ subject }) => subject.kind === 'loss' && subject.reading === 'last');
  const [retention, gain] = [named('retention'), named('gain')];
  const own = ['seed', 'state', 'held_out'].flatMap((id) => (named(id)?.differs ? [id] : []));
  const result = [retention, gain, ...losses].filter((column) => column !== undefined);
  // Shares sum to 1: the rate against a share says more than one share against another.
  const rate = [...numeric, ...others].find(({ unit }) => unit === 'rate');
  const plane = [...new Set([numeric[0], rate, ...numeric, ...others].filter((column) => column !== undefined))];
  return {
    table: [...settings.slice(0, 8).map(idOf), ...own, ...result.map(idOf)],
    parallel: [...settings.slice(0, 4), ...result.slice(0, 4)].map(idOf),
    scatter: { x: idOf(gain && retention ? gain : numeric[0]), y: idOf(gain && retention ? retention : losses[0]) },
    surface: { x: idOf(plane[0]), y: idOf(plane[1]), metric: idOf(gain ?? result[0]) },
    colour: idOf((gain && retention ? numeric[0] : undefined) ?? result[0]),
  };
}

/** One with figures, or the beginnings of some. */
const isShown = ({ result, measured, state }: SweepRecord['runs'][number]) => measured !== null || result !== null || state === 'failed';

/** Milliseconds of packing at a stretch. */
const STRETCH = 12;

function useZip(sweep: SweepRecord) {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const save = async () => {
    setBusy(true);
    setFault(null);
    let last = performance.now();
    const rest = async () => {
      if (performance.now() - last < STRETCH) return;
      await new Promise((resolve) => setTimeout(resolve));
      last = performance.now();
    };
    try {
      const fit = await lab.laws.decide(fitInputOf(sweep), DEFAULT_GOAL);
      last = performance.now();
      saveFile(new Blob(await zipFiles(sweepFiles(sweep, fit), rest), { type: 'application/zip' }), 'sweep.zip');
    } catch (error) {
      setFault(error);
    } finally {
      setBusy(false);
    }
  };
  return { busy, fault, save, dismiss: () => setFault(null) };
}

/** Views come one after another, so that no task lays out all of them. */
function useViewsShown(all: number): number {
  const [shown, setShown] = useState(0);
  useEffect(() => {
    if (shown >= all) return;
    const next = setTimeout(() => setShown(shown + 1));
    return () => clearTimeout(next);
  }, [shown, all]);
  return shown;
}

export default function Explore({ sweep }: { sweep: SweepRecord }) {
  const { t } = useTranslation('explore');
  if (!sweep.runs.some(isShown))
    return (
      <Card>
        <EmptyState icon={ChartScatter} title={t('empty.title')}>
          <p>{t('empty.text')}</p>
        </EmptyState>
      </Card>
    );
  return <LaidOut key={sweep.id} sweep={sweep} />;
}

/** A sweep at a time, in columns. */
interface Layout {
  sweep: SweepRecord;
  /** At which losses are read besides. */
  step: number | null;
  columns: readonly Column[];
  /** Runs with figures. */
  rows: readonly number[];
}

/** Columns are laid out in a task of their own, and what is drawn of them may be interrupted: the page answers while hundreds of runs come in. */
function LaidOut({ sweep }: { sweep: SweepRecord }) {
  const [typed, setTyped] = useState('');
  const asked = /^\d+$/.test(typed) ? Number(typed) : null;
  const [layout, setLayout] = useState<Layout | null>(null);
  useEffect(() => {
    const next = setTimeout(() => {
      const columns = sweepColumns(sweep, asked);
      const rows = sweep.runs.flatMap((run, at) => (isShown(run) ? [at] : []));
      startTransition(() => setLayout({ sweep, step: asked, columns, rows }));
    });
    return () => clearTimeout(next);
  }, [sweep, asked]);
  if (!layout)
    return (
      <Card>
        <Skeleton lines={7} />
      </Card>
    );
  return <Explored layout={layout} typed={typed} wrong={typed !== '' && asked === null} onType={setTyped} />;
}

interface ExploredProps {
  layout: Layout;
  /** The step as it is typed. */
  typed: string;
  wrong: boolean;
  onType: (typed: string) => void;
}

function Explored({ layout: { sweep, step, columns, rows }, typed, wrong, onType }: ExploredProps) {
  const { t } = useTranslation('explore');
  const format = useFormat();
  const words = useColumnWords(step);
  const [first] = useState(() => firstShown(columns));
  const [colourId, setColour] = useState(first.colour);
  const drawnColour = useDeferredValue(colourId);
  const colour = columns.find(({ id }) => id === drawnColour) ?? null;
  const [brushes, setBrushes] = useState<ReadonlyMap<string, Brush>>(new Map());
  const [picked, setPicked] = useState<ReadonlySet<number>>(new Set());
  const [hovered, setHovered] = useState<readonly number[]>([]);
  const nameOf = useCallback(
    (row: number) => sweep.runs[row]?.measured?.name ?? t('run', { index: sweep.runs[row]?.index ?? row }),
    [sweep, t],
  );

  const passing = useMemo(() => {
    const tests = [...brushes].flatMap(([id, { low, high }]) => {
      const column = columns.find((one) => one.id === id);
      if (!column) return [];
      const place = column.type === 'category' ? axisOf(column, words, false).place : (value: Cell) => value as number | null;
      return [
        (row: number) => {
          const at = place(column.values[row] ?? null);
          return at !== null && at >= low && at <= high;
        },
      ];
    });
    return new Set(rows.filter((row) => tests.every((test) => test(row))));
  }, [brushes, columns, rows, words]);
  const lit = useCallback((row: number) => passing.has(row) && (picked.size === 0 || picked.has(row)), [passing, picked]);
  const hover = useCallback(
    (next: readonly number[]) =>
      setHovered((before) => (before.length === next.length && before.every((row, at) => row === next[at]) ? before : next)),
    [],
  );
  const pick = useCallback(
    (row: number) =>
      setPicked((before) => {
        const next = new Set(before);
        if (!next.delete(row)) next.add(row);
        return next;
      }),
    [],
  );
  const brush = useCallback(
    (id: string, next: Brush | null) =>
      setBrushes((before) => {
        const all = new Map(before);
        if (next) all.set(id, next);
        else all.delete(id);
        return all;
      }),
    [],
  );
  const choice: RunChoice = { brushes, picked, hovered, lit, hover, pick, brush };
  const { busy, fault, save, dismiss } = useZip(sweep);
  const shown = useViewsShown(4);
  const shared = { columns, rows, words, colour, choice, nameOf, fileName: sweep.name };
  const brushed = [...brushes].flatMap(([id, range]) => {
    const column = columns.find((one) => one.id === id);
    return column ? [{ column, range }] : [];
  });
  const chosen = rows.filter(lit).length;
  return (
    <div className={styles.explore}>
      <Card
        title={t('title')}
        data-testid="explore"
        aside={
          <Button size="xs" variant="default" leftSection={<Download size={13} />} loading={busy} onClick={() => void save()}>
            {t('zip.save')}
          </Button>
        }
      >
        {fault !== null && <ErrorBanner error={fault} onDismiss={dismiss} />}
        <div className={styles.controls}>
          <ColumnPicker label={t('colour')} columns={columns} words={words} value={colourId} none={t('oneColour')} onChange={setColour} />
          <TextInput
            size="xs"
            className={styles.step ?? ''}
            label={t('atStep')}
            placeholder={t('atStepNone')}
            inputMode="numeric"
            value={typed}
            error={wrong ? t('atStepBad') : undefined}
            onChange={(event) => onType(event.currentTarget.value.trim())}
          />
        </div>
        <div className={styles.choice} role="status">
          <span>{t('chosen', { chosen: format.count(chosen), all: format.count(rows.length) })}</span>
          {brushed.map(({ column, range }) => (
            <span key={column.id} className={styles.axisChip}>
              {column.type === 'number'
                ? t('brushed', { column: words.name(column), low: words.text(column, range.low), high: words.text(column, range.high) })
                : words.name(column)}
              <CloseButton size="xs" aria-label={t('unbrush', { column: words.name(column) })} onClick={() => brush(column.id, null)} />
            </span>
          ))}
          {picked.size > 0 && <span className={styles.axisChip}>{t('picked', { count: picked.size })}</span>}
          {(brushed.length > 0 || picked.size > 0) && (
            <Button
              size="compact-xs"
              variant="default"
              onClick={() => {
                setBrushes(new Map());
                setPicked(new Set());
              }}
            >
              {t('clear')}
            </Button>
          )}
        </div>
      </Card>
      {shown > 0 && <Parallel {...shared} first={first.parallel} />}
      <div className={styles.pair}>
        {shown > 1 && <Scatter {...shared} first={first.scatter} />}
        {shown > 2 && <Response {...shared} first={first.surface} />}
      </div>
      {shown > 3 && (
        <ColumnTable
          title={t('table.title')}
          testId="explore-table"
          columns={columns}
          rows={rows}
          words={words}
          nameOf={nameOf}
          choice={choice}
          first={first.table}
          fileName={sweep.name}
        />
      )}
      <Card title={t('zip.title')}>
        <p className={styles.note}>{t('zip.text')}</p>
        <pre className={styles.code} tabIndex={0} aria-label={t('zip.pandas')}>
          {PANDAS}
        </pre>
      </Card>
    </div>
  );
}
