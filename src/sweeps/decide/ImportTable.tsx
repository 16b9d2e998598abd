/**
 * A table of runs that were measured elsewhere becomes a sweep: typed, pasted or from a file, read as it is typed, with what was read and
 * what was not, what each channel is for, the base's losses where the table has none, and runs to keep back from the fits.
 */
import { useMemo, useState } from 'react';
import { Button, Textarea } from '@mantine/core';
import { TableProperties } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { readMeasuredRuns, type MeasuredTable } from '../../core/laws/measured-runs';
import type { ChannelRole } from '../../core/recipe/schema';
import { importedSweep } from '../../core/sweep/queue';
import type { SweepRecord } from '../../core/sweep/record';
import { useFormat } from '../../i18n/format';
import { lab } from '../../lab/lab';
import { ErrorBanner } from '../../ui/Banner';
import { ChoiceField, TextField } from '../../ui/fields';
import { FileDrop } from '../../ui/FileDrop';
import { useFigure } from './words';
import styles from './Decide.module.css';

/** Rows that are shown before it is taken. */
const MOST_SHOWN = 60;

const ROLES: readonly ChannelRole[] = ['general', 'domain'];

/** As they are guessed by the channels' names. */
function usualRoles(table: MeasuredTable): Record<string, ChannelRole> {
  const { channels } = importedSweep(table, { id: '', name: '', createdAt: 0, roles: {} });
  return Object.fromEntries(channels.map(({ id, role }) => [id, role]));
}

type Read = { table: MeasuredTable; error: null } | { table: null; error: unknown };

function readTable(text: string): Read | null {
  if (text.trim() === '') return null;
  try {
    return { table: readMeasuredRuns(text), error: null };
  } catch (error) {
    return { table: null, error };
  }
}

export default function ImportTable({ onImported }: { onImported: (sweep: SweepRecord) => void }) {
  const { t } = useTranslation('laws');
  const [name, setName] = useState('');
  const [text, setText] = useState('');
  const [roles, setRoles] = useState<Readonly<Record<string, ChannelRole>>>({});
  const [base, setBase] = useState<Readonly<Record<string, string>>>({});
  /** Rows whose box differs from what the table says. */
  const [turned, setTurned] = useState<ReadonlySet<number>>(new Set());
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const read = useMemo(() => readTable(text), [text]);
  const table = read?.table ?? null;
  const taken = useMemo(() => table && completed(table, base, turned), [table, base, turned]);
  const allRoles = table ? { ...usualRoles(table), ...roles } : {};
  const change = (next: string) => {
    setText(next);
    setTurned(new Set());
    setError(null);
  };
  const toggle = (row: number) => {
    const next = new Set(turned);
    if (!next.delete(row)) next.add(row);
    setTurned(next);
  };
  const add = async () => {
    if (!taken) return;
    setBusy(true);
    setError(null);
    try {
      onImported(await lab.library.importSweep(name.trim() || t('import.unnamed'), taken, allRoles));
    } catch (thrown) {
      setError(thrown);
    }
    setBusy(false);
  };
  return (
    <div className={styles.import} data-testid="import-table">
      <p className={styles.note}>{t('import.lead')}</p>
      <FileDrop
        title={t('import.drop')}
        hint={t('import.dropHint')}
        pick={t('import.pick')}
        accept=".csv,.tsv,.txt,.md,.json,.jsonl"
        onFiles={([file]) => {
          if (!file) return;
          if (name === '') setName(file.name.replace(/\.[^.]+$/, ''));
          file.text().then(change, setError);
        }}
      />
      <Textarea
        label={t('import.text')}
        description={t('import.example')}
        placeholder={EXAMPLE}
        autosize
        minRows={5}
        maxRows={14}
        value={text}
        onChange={(event) => change(event.currentTarget.value)}
      />
      {read?.error != null && <ErrorBanner error={read.error} />}
      {table && taken && (
        <>
          <Summary table={table} />
          <div className={styles.roles} role="group" aria-label={t('import.roles')}>
            {Object.entries(allRoles).map(([id, role]) => (
              <ChoiceField
                key={id}
                label={id}
                value={role}
                choices={ROLES}
                words={(one) => t(`role.${one}`)}
                onChange={(next) => setRoles({ ...roles, [id]: next })}
              />
            ))}
          </div>
          <BaseFields table={table} base={base} onChange={setBase} />
          <Preview table={taken} onToggle={toggle} />
          <TextField label={t('import.name')} value={name} onChange={setName} />
          {error !== null && <ErrorBanner error={error} />}
          <div>
            <Button size="sm" loading={busy} leftSection={<TableProperties size={15} />} onClick={() => void add()}>
              {t('import.take', { count: taken.runs.length })}
            </Button>
          </div>
        </>
      )}
      {!table && error !== null && <ErrorBanner error={error} />}
    </div>
  );
}

const EXAMPLE = 'Pile share, Pile loss, Python loss\nbase, 2.873, 1.838\n0.125, 2.926, 1.368\n0.25, 2.880, 1.386\n…';

/** The table with typed losses of the base, and with the runs that are kept back. */
function completed(table: MeasuredTable, typed: Readonly<Record<string, string>>, turned: ReadonlySet<number>): MeasuredTable {
  const given = Object.fromEntries(
    table.targets.flatMap((id) => {
      const value = Number(typed[id]?.trim().replace(',', '.') || NaN);
      return value > 0 ? [[id, value] as const] : [];
    }),
  );
  const base = { ...given, ...table.base };
  return {
    ...table,
    base: Object.keys(base).length > 0 ? base : null,
    runs: table.runs.map((run, at) => (turned.has(at) ? { ...run, heldOut: !run.heldOut } : run)),
  };
}

function Summary({ table: { runs, channels, targets, base, ignored } }: { table: MeasuredTable }) {
  const { t } = useTranslation('laws');
  const format = useFormat();
  const list = (names: readonly string[]) => names.join(t('list'));
  return (
    <div role="status" data-testid="import-summary">
      <p>
        {t('import.read', { count: runs.length, formatted: format.count(runs.length) })}{' '}
        {t('import.channels', { shares: list(channels), losses: list(targets) })} {t(base ? 'import.withBase' : 'import.withoutBase')}
      </p>
      {ignored.length > 0 && <p>{t('import.ignored', { columns: list(ignored) })}</p>}
    </div>
  );
}

/** Losses of the base that the table lacks: without them nothing is recommended. */
function BaseFields({
  table,
  base,
  onChange,
}: {
  table: MeasuredTable;
  base: Readonly<Record<string, string>>;
  onChange: (base: Record<string, string>) => void;
}) {
  const { t } = useTranslation('laws');
  const missing = table.targets.filter((id) => table.base?.[id] === undefined);
  if (missing.length === 0) return null;
  return (
    <div className={styles.roles} role="group" aria-label={t('import.base')}>
      {missing.map((id) => (
        <TextField
          key={id}
          label={t('import.baseOf', { channel: id })}
          value={base[id] ?? ''}
          onChange={(value) => onChange({ ...base, [id]: value })}
        />
      ))}
    </div>
  );
}

function Preview({ table: { runs, channels, targets }, onToggle }: { table: MeasuredTable; onToggle: (row: number) => void }) {
  const { t } = useTranslation('laws');
  const format = useFormat();
  const figure = useFigure();
  const settings = (['lr', 'warmup', 'tokens', 'size', 'epochs', 'seed'] as const).filter((field) =>
    runs.some((run) => run[field] !== null),
  );
  return (
    <div className={styles.preview} tabIndex={0} role="region" aria-label={t('import.preview')}>
      <table className={styles.table} data-testid="import-preview">
        <caption>
          {t('import.heldOutHelp')}
          {runs.length > MOST_SHOWN && ` ${t('import.more', { shown: MOST_SHOWN })}`}
        </caption>
        <thead>
          <tr>
            <th scope="col" className={styles.first}>
              {t('import.run')}
            </th>
            <th scope="col">{t('import.heldOut')}</th>
            {channels.map((id) => (
              <th key={id} scope="col">
                {t('variable.shareOf', { channel: id })}
              </th>
            ))}
            {targets.map((id) => (
              <th key={id} scope="col">
                {t('axis.loss', { channel: id })}
              </th>
            ))}
            {settings.map((field) => (
              <th key={field} scope="col">
                {t(`variable.${field}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.slice(0, MOST_SHOWN).map((run, at) => (
            <tr key={at}>
              <th scope="row" className={styles.first}>
                {run.name ?? at + 1}
              </th>
              <td>
                <input
                  type="checkbox"
                  aria-label={t('import.hold', { run: run.name ?? at + 1 })}
                  checked={run.heldOut}
                  onChange={() => onToggle(at)}
                />
              </td>
              {channels.map((id) => (
                <td key={id}>{format.percent(run.shares[id] ?? null, 2)}</td>
              ))}
              {targets.map((id) => (
                <td key={id}>{format.decimal(run.losses[id] ?? null, 4)}</td>
              ))}
              {settings.map((field) => (
                <td key={field}>{run[field] === null ? '—' : figure(run[field])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
