/**
 * Runs, of a sweep or of the library, as a table: columns to choose, sort by and pin, a filter, groups with mean and band. Only the rows in sight are drawn.
 * A row that is met is marked in the charts beside it, and a row that is pressed is chosen.
 */
import { memo, useMemo, useState, type ReactNode } from 'react';
import { Button, NativeSelect, Popover, SegmentedControl, Switch, TextInput } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp, ChevronDown, ChevronRight, Columns3, Download, Pin } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import {
  columnsCsv,
  filteredRows,
  groupCell,
  groupedRows,
  sortedRows,
  type Cell,
  type Column,
  type Group,
  type GroupCell,
} from '../core/sweep/columns';
import { useFormat } from '../i18n/format';
import type { ColumnWords } from '../channels/column-words';
import { Card } from './Card';
import { saveFile } from './save-file';
import styles from './ColumnTable.module.css';

const ROW_HEIGHT = 30;
const WIDTH = { name: 110, number: 104, category: 128, date: 176 };
type Band = 'deviation' | 'range';

/** Which rows are looked at, the same in the charts beside the table. */
export interface RowChoice {
  /** Rows that were pressed. */
  picked: ReadonlySet<number>;
  /** Rows under the pointer or the focus. */
  hovered: readonly number[];
  /** Is the row chosen? */
  lit: (row: number) => boolean;
  hover(rows: readonly number[]): void;
  pick(row: number): void;
}

interface Props {
  title: string;
  testId: string;
  columns: readonly Column[];
  rows: readonly number[];
  words: ColumnWords;
  nameOf: (row: number) => string;
  choice: RowChoice;
  /** Columns that are shown at first. */
  first: readonly string[];
  /** Of the files. */
  fileName: string;
  /** Words of the switch that leaves the chosen rows alone. */
  onlyLabel?: string;
  /** Pixels of the first column. */
  nameWidth?: number;
  /** Controls of the table, before its own. */
  controls?: ReactNode;
  /** In the first column of a run, after its name. */
  besideName?: (row: number) => ReactNode;
  /** The table has no filter of its own: its rows are filtered already. */
  unfiltered?: boolean;
}

type Entry = { kind: 'run'; row: number } | { kind: 'group'; group: Group };

export const ColumnTable = memo(function ColumnTable(props: Props) {
  const {
    title,
    testId,
    columns,
    rows,
    words,
    nameOf,
    choice,
    first,
    fileName,
    onlyLabel,
    nameWidth = WIDTH.name,
    controls,
    besideName,
    unfiltered = false,
  } = props;
  const { t } = useTranslation('explore');
  const format = useFormat();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set(first));
  const [pinned, setPinned] = useState<ReadonlySet<string>>(new Set());
  const [sort, setSort] = useState<{ id: string; descending: boolean } | null>(null);
  const [filter, setFilter] = useState('');
  const [only, setOnly] = useState(false);
  const [groupBy, setGroupBy] = useState('');
  const [band, setBand] = useState<Band>('deviation');
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const { lit, hovered, picked, hover, pick } = choice;

  const shown = useMemo(() => {
    const visible = columns.filter(({ id }) => chosen.has(id));
    return [...visible.filter(({ id }) => pinned.has(id)), ...visible.filter(({ id }) => !pinned.has(id))];
  }, [columns, chosen, pinned]);
  const texts = useMemo(
    () => (row: number) => [nameOf(row), ...shown.map((column) => words.text(column, column.values[row] ?? null))].join(' '),
    [nameOf, shown, words],
  );
  const kept = useMemo(() => {
    const passed = filteredRows(only ? rows.filter(lit) : rows, columns, filter, texts);
    const by = columns.find(({ id }) => id === sort?.id);
    return by ? sortedRows(passed, by, sort!.descending) : passed;
  }, [rows, only, lit, columns, filter, texts, sort]);
  const by = columns.find(({ id }) => id === groupBy);
  const entries = useMemo((): Entry[] => {
    if (!by) return kept.map((row) => ({ kind: 'run', row }));
    const sorter = columns.find(({ id }) => id === sort?.id);
    const groups = groupedRows(kept, by);
    if (sorter?.type === 'number' && sorter.id !== by.id) {
      const means = new Map(groups.map((group) => [group, groupCell(sorter, group.rows, band)?.mean ?? null]));
      const order = (group: Group) => means.get(group) ?? Infinity * (sort!.descending ? -1 : 1);
      groups.sort((one, other) => (sort!.descending ? order(other) - order(one) : order(one) - order(other)));
    } else if (sorter?.id === by.id && sort!.descending) groups.reverse();
    return groups.flatMap((group): Entry[] => [
      { kind: 'group', group },
      ...(open.has(String(group.key)) ? group.rows.map((row): Entry => ({ kind: 'run', row })) : []),
    ]);
  }, [kept, by, columns, sort, band, open]);

  const virtual = useVirtualizer({ count: entries.length, getScrollElement: () => scroller, estimateSize: () => ROW_HEIGHT, overscan: 6 });
  const items = virtual.getVirtualItems();
  const widthOf = ({ type, unit }: Column) => (unit === 'date' ? WIDTH.date : WIDTH[type]);
  const leftOf = (at: number) => nameWidth + shown.slice(0, at).reduce((sum, column) => sum + widthOf(column), 0);
  const whole = nameWidth + shown.reduce((sum, column) => sum + widthOf(column), 0);
  const pinnedStyle = (column: Column, at: number) => (pinned.has(column.id) ? { position: 'sticky' as const, left: leftOf(at) } : {});
  const toggled = (set: ReadonlySet<string>, id: string) => {
    const next = new Set(set);
    if (!next.delete(id)) next.add(id);
    return next;
  };
  const sortBy = (id: string) => setSort(sort?.id !== id ? { id, descending: false } : sort.descending ? null : { id, descending: true });
  const bandText = (column: Column, { mean, low, high, count }: GroupCell) => {
    const middle = words.text(column, mean);
    if (count < 2) return middle;
    return band === 'range'
      ? `${middle} [${words.text(column, low)}, ${words.text(column, high)}]`
      : `${middle} ± ${column.unit === 'rate' ? format.lr(high - mean) : format.decimal(column.unit === 'share' ? (high - mean) * 100 : high - mean, column.unit === 'count' ? 0 : column.unit === 'share' ? 1 : 3)}`;
  };
  const save = (form: 'csv' | 'json') => {
    const text =
      form === 'csv'
        ? columnsCsv(shown, kept, nameOf)
        : JSON.stringify(
            kept.map((row) =>
              Object.fromEntries<Cell>([['run', nameOf(row)], ...shown.map(({ id, values }) => [id, values[row] ?? null] as const)]),
            ),
            null,
            2,
          );
    saveFile(new Blob([text], { type: form === 'csv' ? 'text/csv' : 'application/json' }), `${fileName}-runs.${form}`);
  };
  const groupable = columns.filter(({ subject }) =>
    ['setting', 'seed', 'state', 'size', 'epochs', 'heldOut', 'steps', 'tags'].includes(subject.kind),
  );

  return (
    <Card
      title={title}
      data-testid={testId}
      aside={
        <div className={styles.save} role="group" aria-label={t('table.save')}>
          {(['csv', 'json'] as const).map((form) => (
            <Button
              key={form}
              size="xs"
              variant="default"
              leftSection={<Download size={13} />}
              aria-label={t('table.saveAs', { form: form.toUpperCase() })}
              onClick={() => save(form)}
            >
              {form.toUpperCase()}
            </Button>
          ))}
        </div>
      }
    >
      <div className={styles.controls}>
        {controls}
        {!unfiltered && (
          <TextInput
            size="xs"
            className={styles.filter ?? ''}
            label={t('table.filter')}
            placeholder={t('table.filterExample')}
            value={filter}
            onChange={(event) => setFilter(event.currentTarget.value)}
          />
        )}
        <NativeSelect
          size="xs"
          label={t('table.group')}
          value={by ? groupBy : ''}
          onChange={(event) => setGroupBy(event.currentTarget.value)}
          data={[{ value: '', label: t('none') }, ...groupable.map((column) => ({ value: column.id, label: words.name(column) }))]}
        />
        {by && (
          <SegmentedControl
            size="xs"
            aria-label={t('table.band')}
            value={band}
            onChange={(value) => setBand(value)}
            data={[
              { value: 'deviation', label: t('table.deviation') },
              { value: 'range', label: t('table.range') },
            ]}
          />
        )}
        <Popover position="bottom-end" withinPortal trapFocus shadow="md">
          <Popover.Target>
            <Button size="xs" variant="default" leftSection={<Columns3 size={13} />}>
              {t('table.columns', { shown: shown.length, all: columns.length })}
            </Button>
          </Popover.Target>
          <Popover.Dropdown className={styles.chooser ?? ''} aria-label={t('table.choose')}>
            <div className={styles.chooserHead}>
              <Button size="compact-xs" variant="default" onClick={() => setChosen(new Set(first))}>
                {t('table.reset')}
              </Button>
              <Button
                size="compact-xs"
                variant="default"
                onClick={() => setChosen(new Set(columns.filter(({ differs }) => differs).map(({ id }) => id)))}
              >
                {t('table.differing')}
              </Button>
            </div>
            {columns.map((column) => (
              <Switch
                key={column.id}
                size="xs"
                label={words.name(column)}
                checked={chosen.has(column.id)}
                onChange={() => setChosen(toggled(chosen, column.id))}
              />
            ))}
          </Popover.Dropdown>
        </Popover>
        <Switch size="xs" label={onlyLabel ?? t('table.only')} checked={only} onChange={(event) => setOnly(event.currentTarget.checked)} />
      </div>
      <p className={styles.note} role="status">
        {t('table.count', { shown: format.count(kept.length), all: format.count(rows.length) })}
      </p>
      <div
        className={styles.scroll}
        ref={setScroller}
        tabIndex={0}
        role="region"
        aria-label={t('table.region')}
        onPointerLeave={() => hover([])}
      >
        <table className={styles.table} style={{ width: whole }} aria-rowcount={entries.length + 1}>
          <colgroup>
            <col style={{ width: nameWidth }} />
            {shown.map((column) => (
              <col key={column.id} style={{ width: widthOf(column) }} />
            ))}
          </colgroup>
          <thead>
            <tr aria-rowindex={1}>
              <th scope="col" className={styles.first}>
                {by ? words.name(by) : t('table.run')}
              </th>
              {shown.map((column, at) => {
                const name = words.name(column);
                const sorted = sort?.id === column.id ? (sort.descending ? 'descending' : 'ascending') : 'none';
                return (
                  <th
                    key={column.id}
                    scope="col"
                    aria-sort={sorted}
                    data-type={column.type}
                    data-pinned={pinned.has(column.id) || undefined}
                    style={pinnedStyle(column, at)}
                  >
                    <button
                      type="button"
                      className={styles.sort}
                      onClick={() => sortBy(column.id)}
                      title={t('table.sort', { column: name })}
                    >
                      {name}
                      {sorted === 'ascending' && <ArrowUp size={12} aria-hidden />}
                      {sorted === 'descending' && <ArrowDown size={12} aria-hidden />}
                    </button>
                    <button
                      type="button"
                      className={styles.pin}
                      aria-pressed={pinned.has(column.id)}
                      aria-label={t('table.pin', { column: name })}
                      onClick={() => setPinned(toggled(pinned, column.id))}
                    >
                      <Pin size={12} aria-hidden />
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {items.length > 0 && items[0]!.start > 0 && <tr aria-hidden style={{ height: items[0]!.start }} />}
            {items.map(({ index }) => {
              const entry = entries[index];
              if (!entry) return null;
              const runs = entry.kind === 'run' ? [entry.row] : entry.group.rows;
              const key = entry.kind === 'run' ? `r${entry.row}` : `g${String(entry.group.key)}`;
              const expanded = entry.kind === 'group' && open.has(String(entry.group.key));
              return (
                <tr
                  key={key}
                  aria-rowindex={index + 2}
                  data-run={entry.kind === 'run' ? entry.row : undefined}
                  data-lit={runs.some(lit)}
                  data-hovered={runs.some((row) => hovered.includes(row)) || undefined}
                  data-picked={(entry.kind === 'run' && picked.has(entry.row)) || undefined}
                  onPointerEnter={() => hover(runs)}
                >
                  <th scope="row" className={styles.first}>
                    {entry.kind === 'run' && besideName?.(entry.row)}
                    {entry.kind === 'run' ? (
                      <button
                        type="button"
                        aria-pressed={picked.has(entry.row)}
                        onClick={() => pick(entry.row)}
                        onFocus={() => hover(runs)}
                      >
                        {nameOf(entry.row)}
                      </button>
                    ) : (
                      <button
                        type="button"
                        aria-expanded={expanded}
                        onClick={() => setOpen(toggled(open, String(entry.group.key)))}
                        onFocus={() => hover(runs)}
                      >
                        {expanded ? <ChevronDown size={13} aria-hidden /> : <ChevronRight size={13} aria-hidden />}
                        {words.text(by!, entry.group.key)} <span className={styles.dim}>× {entry.group.rows.length}</span>
                      </button>
                    )}
                  </th>
                  {shown.map((column, at) => {
                    const value = entry.kind === 'run' ? (column.values[entry.row] ?? null) : null;
                    const of = entry.kind === 'group' && column.type === 'number' ? groupCell(column, entry.group.rows, band) : null;
                    const same = entry.kind === 'group' && new Set(entry.group.rows.map((row) => column.values[row])).size === 1;
                    const text =
                      entry.kind === 'run'
                        ? words.text(column, value)
                        : same
                          ? words.text(column, column.values[entry.group.rows[0]!] ?? null)
                          : of
                            ? bandText(column, of)
                            : '…';
                    return (
                      <td
                        key={column.id}
                        data-type={column.type}
                        data-pinned={pinned.has(column.id) || undefined}
                        style={pinnedStyle(column, at)}
                        title={text}
                      >
                        {text}
                      </td>
                    );
                  })}
                </tr>
              );
            })}
            {items.length > 0 && <tr aria-hidden style={{ height: Math.max(0, virtual.getTotalSize() - items.at(-1)!.end) }} />}
          </tbody>
        </table>
      </div>
    </Card>
  );
});
