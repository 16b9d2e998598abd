/** The live board of a sweep: its queue's controls, what is done, the best so far, what is left, and every run with its curves. */
import { memo, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ActionIcon, Button, Menu, Progress, TextInput } from '@mantine/core';
import {
  ArrowDown,
  ArrowUp,
  CircleCheck,
  CircleDashed,
  CirclePlay,
  CircleSlash,
  CircleStop,
  DoorOpen,
  HandHelping,
  Pause,
  Play,
  Plus,
  RotateCcw,
  TriangleAlert,
  X,
  type LucideIcon,
} from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { channelColour, ChannelTag, useChannelTag } from '../channels/channel';
import { DeltaCurves } from '../charts/Sparkline';
import { RETENTION_LINE } from '../core/metrics/loss';
import { rungSteps } from '../core/sweep/search';
import { isAside, type SweepRecord, type SweepRun, type SweepRunState } from '../core/sweep/record';
import { useErrorText } from '../i18n/error-text';
import { useFormat } from '../i18n/format';
import { useDevice, useTrainerSweep } from '../lab/device-store';
import { lab } from '../lab/lab';
import { Card } from '../ui/Card';
import { Dialog } from '../ui/Dialog';
import { Delta, Figure } from '../ui/Figure';
import { useFieldName, useSettingText, useTimeText } from './fields';
import { readNumber, readNumbers } from './plan-draft';
import {
  bestRun,
  countsOf,
  curveScale,
  figuresOf,
  isUntouched,
  leftOf,
  ownSpeeds,
  thinned,
  withLook,
  type LiveRun,
  type TabSpeeds,
} from './progress';
import { sweepPath, useSweeps } from './store';
import styles from './Sweeps.module.css';

/** Milliseconds between two looks at the runs that train. */
const LOOK_MS = 2000;
const NO_RUNS: Readonly<Record<string, LiveRun>> = {};

/** The runs that train, as far as they have come, and how fast tabs were together since the board opened. */
function useLive(sweep: SweepRecord): { live: Readonly<Record<string, LiveRun>>; speeds: TabSpeeds } {
  const [live, setLive] = useState(NO_RUNS);
  const [speeds, setSpeeds] = useState<TabSpeeds>({});
  const last = useRef<{ at: number; tokens: Record<string, number> } | null>(null);
  const running = sweep.state === 'running';
  const training = sweep.runs.flatMap(({ state, run }) => (state === 'training' && run !== null ? [run] : [])).join();
  useEffect(() => {
    let wanted = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      const found = await Promise.all(
        training.split(',').map(async (id): Promise<[string, LiveRun] | null> => {
          // A run that was just removed, or whose file is not begun, has nothing to show.
          const read = await lab.library.metrics(id).catch(() => null);
          if (!read) return null;
          const { rows, evaluations } = read;
          const heldOut: LiveRun['heldOut'] = {};
          for (const { step, channels } of evaluations)
            for (const [channel, { loss }] of Object.entries(channels)) {
              const curve = (heldOut[channel] ??= { x: [], y: [] });
              curve.x.push(step);
              curve.y.push(loss);
            }
          return [id, { step: rows.at(-1)?.step ?? 0, tokens: rows.at(-1)?.tokens ?? 0, heldOut }];
        }),
      );
      if (!wanted) return;
      const now = Object.fromEntries(found.flatMap((one) => (one ? [one] : [])));
      const tokens = Object.fromEntries(Object.entries(now).map(([id, run]) => [id, run.tokens]));
      const before = last.current;
      last.current = { at: performance.now(), tokens };
      if (before && running) setSpeeds((known) => withLook(known, before.tokens, tokens, (last.current!.at - before.at) / 1000));
      setLive(now);
      if (running) timer = setTimeout(() => void look(), LOOK_MS);
    };
    if (training !== '') void look();
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [training, running]);
  return { live: training === '' ? NO_RUNS : live, speeds };
}

export default function Board({ sweep }: { sweep: SweepRecord }) {
  const { live, speeds } = useLive(sweep);
  // The list comes after what stands above it, and its rows after the list, each in short tasks: hundreds of runs are one long one.
  const listed = useDeferredValue(true, false);
  return (
    <>
      {sweep.plan && <Controls sweep={sweep} speeds={speeds} />}
      <Summary sweep={sweep} live={live} />
      {listed && <RunList sweep={sweep} live={live} />}
    </>
  );
}

/** Start, pause, go on, help, leave; who trains, and what another tab gains. */
function Controls({ sweep, speeds }: { sweep: SweepRecord; speeds: TabSpeeds }) {
  const { t } = useTranslation('sweeps');
  const format = useFormat();
  const { id, state } = sweep;
  const { join, leave, pause } = useSweeps.getState();
  const busy = useSweeps(({ busy: under }) => (under?.id === id ? under.command : under ? 'other' : null));
  const here = useTrainerSweep(({ sweep: joined }) => joined?.id ?? null);
  const device = useDevice(({ device: one }) => (one.kind === 'open' ? one.info : null));
  const { planned, training } = countsOf(sweep);
  const joined = here === id;
  const open = planned + training > 0;
  if (!open && state !== 'running') return null;
  const button = (words: string, Icon: LucideIcon, command: NonNullable<typeof busy>, act: () => void, primary = false) => (
    <Button
      size="xs"
      {...(primary ? {} : { variant: 'default' })}
      leftSection={<Icon size={14} />}
      loading={busy === command}
      disabled={busy !== null}
      onClick={act}
    >
      {words}
    </Button>
  );
  const cores = navigator.hardwareConcurrency;
  const measured = Object.entries(speeds).filter(([, { seconds }]) => seconds > 5);
  const tabs = measured.map(([count, { tokens, seconds }]) =>
    t('tabs.speed', { count: Number(count), speed: format.compact(tokens / seconds) }),
  );
  const gain =
    speeds[1] && speeds[2] && speeds[1].seconds > 5 && speeds[2].seconds > 5
      ? speeds[2].tokens / speeds[2].seconds / (speeds[1].tokens / speeds[1].seconds) - 1
      : null;
  return (
    <Card label={t('queue')}>
      <div className={styles.controls} role="group" aria-label={t('queue')}>
        {open && state === 'draft' && button(t('start', { count: planned }), Play, 'join', () => void join(id), true)}
        {open && (state === 'paused' || state === 'finished') && button(t('goOn'), Play, 'join', () => void join(id), true)}
        {state === 'running' && !joined && button(t('help'), HandHelping, 'join', () => void join(id), true)}
        {state === 'running' && button(t('pause'), Pause, 'pause', () => void pause(id))}
        {joined && state === 'running' && (
          <Menu position="bottom-start" withinPortal>
            <Menu.Target>
              <Button size="xs" variant="default" leftSection={<DoorOpen size={14} />} disabled={busy !== null}>
                {t('leave.title')}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => void leave(false)}>{t('leave.after')}</Menu.Item>
              <Menu.Item onClick={() => void leave(true)}>{t('leave.now')}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
      {state === 'running' && (
        <p className={styles.tabsNote} data-testid="tabs">
          {t(joined ? 'tabs.here' : 'tabs.elsewhere', { count: training })} {tabs.join(', ')}
          {gain !== null && ` ${t(gain < 0 ? 'tabs.loss' : 'tabs.gain', { gain: format.percent(Math.abs(gain), 0) })}`}{' '}
          {device && device.backend !== 'webgpu' && device.threads >= cores && t('tabs.cores', { threads: device.threads, cores })}{' '}
          <a href={`./?threads=${Math.max(1, Math.floor(cores / 2))}#${sweepPath(id, 'board')}`} target="_blank" rel="noreferrer">
            {t('tabs.another')}
          </a>
        </p>
      )}
    </Card>
  );
}

function Summary({ sweep, live }: { sweep: SweepRecord; live: Readonly<Record<string, LiveRun>> }) {
  const { t } = useTranslation('sweeps');
  const format = useFormat();
  const setting = useSettingText();
  const time = useTimeText();
  const counts = useMemo(() => countsOf(sweep), [sweep]);
  const best = useMemo(() => bestRun(sweep), [sweep]);
  const left = useMemo(() => leftOf(sweep, live, ownSpeeds(sweep), counts.training), [sweep, live, counts]);
  const words = t('done', { done: format.count(counts.done), all: format.count(counts.all) });
  const ended = (['finished', 'stopped', 'failed', 'dropped'] as const).flatMap((state) =>
    counts[state] > 0 ? [t(`count.${state}`, { count: counts[state] })] : [],
  );
  return (
    <div className={styles.summary}>
      <Card title={t('doneTitle')}>
        <Figure value={words}>
          <Progress
            value={(counts.done / Math.max(1, counts.all)) * 100}
            size={5}
            radius={9}
            className={styles.track ?? ''}
            aria-label={words}
          />
          <span>{ended.join(' · ')}</span>
        </Figure>
      </Card>
      <Card title={t('best.title')} data-testid="best">
        {best ? (
          <Figure value={format.delta(-best.figures.gain!)} tone={best.figures.gain! > 0 ? 'good' : 'bad'}>
            {t('best.text', {
              setting: setting(best.run),
              retention: format.retention(best.figures.retention),
              line: format.decimal(best.line, 2),
            })}
          </Figure>
        ) : (
          <p className={styles.note}>{t(Object.keys(sweep.base).length === 0 && counts.done > 0 ? 'best.noBase' : 'best.none')}</p>
        )}
      </Card>
      {sweep.plan && (
        <Card title={t('left.title')} data-testid="left">
          {left.tokens === 0 ? (
            <p className={styles.note}>{t('left.none')}</p>
          ) : (
            <Figure value={t('left.runs', { count: counts.planned + counts.training })}>
              {t('left.tokens', { tokens: format.compact(left.tokens) })} {left.minutes ? time(left.minutes) : t('left.unknown')}
            </Figure>
          )}
        </Card>
      )}
    </div>
  );
}

const STATE_ICONS: Record<SweepRunState, LucideIcon> = {
  planned: CircleDashed,
  training: CirclePlay,
  finished: CircleCheck,
  stopped: CircleStop,
  failed: TriangleAlert,
  dropped: CircleSlash,
};
const ROW_HEIGHT = 58;

/** Every run of a sweep in the order of its queue; only rows in sight are drawn. Those that have not begun can be moved and taken out. */
export function RunList({ sweep, live }: { sweep: SweepRecord; live: Readonly<Record<string, LiveRun>> }) {
  const { t } = useTranslation('sweeps');
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const format = useFormat();
  const [adding, setAdding] = useState(false);
  const { id, runs, plan } = sweep;
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is memoised by the virtualiser's functions
  const virtual = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroller,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
    getItemKey: (at) => runs[at]!.index,
  });
  const drawn = useDeferredValue(scroller !== null, false);
  const scale = useMemo(() => curveScale(sweep), [sweep]);
  const waiting = useMemo(() => runs.filter(isUntouched).map(({ index }) => index), [runs]);
  const edit = useSweeps((state) => state.edit);
  const move = (index: number, by: number) => {
    const at = waiting.indexOf(index);
    const indices = waiting.filter((one) => one !== index);
    indices.splice(at + by, 0, index);
    void edit(id, { kind: 'order', indices });
  };
  return (
    <Card
      title={t('list.title', { count: runs.length })}
      aside={
        plan && (
          <Button size="compact-xs" variant="default" leftSection={<Plus size={12} />} onClick={() => setAdding(true)}>
            {t('list.add')}
          </Button>
        )
      }
    >
      {scale && (
        <p className={styles.legend}>
          {sweep.channels.map(({ id: channel, corpus }) => (
            <ChannelTag key={channel} id={channel} corpus={corpus || channel} />
          ))}
          <span>{t('list.scale', { low: format.delta(scale.low), high: format.delta(scale.high) })}</span>
        </p>
      )}
      <div className={styles.list} ref={setScroller} tabIndex={0} role="region" aria-label={t('list.label')}>
        <ol style={{ height: virtual.getTotalSize() }}>
          {(drawn ? virtual.getVirtualItems() : []).map(({ index: at, start, key }) => {
            const run = runs[at]!;
            const place = waiting.indexOf(run.index);
            return (
              <li
                key={key}
                ref={virtual.measureElement}
                data-index={at}
                data-testid="sweep-run"
                data-state={run.state}
                style={{ transform: `translateY(${start}px)` }}
              >
                <RunRow
                  run={run}
                  sweep={sweep}
                  live={run.run === null ? undefined : live[run.run]}
                  scale={scale}
                  first={place === 0}
                  last={place === waiting.length - 1}
                  onMove={move}
                />
              </li>
            );
          })}
        </ol>
      </div>
      {plan && <AddSetting sweep={sweep} opened={adding} onClose={() => setAdding(false)} />}
    </Card>
  );
}

interface RowProps {
  run: SweepRun;
  sweep: SweepRecord;
  live: LiveRun | undefined;
  scale: { low: number; high: number } | null;
  /** Of those that wait. */
  first: boolean;
  last: boolean;
  onMove: (index: number, by: number) => void;
}

function RunRow({ run, sweep, live, scale, first, last, onMove }: RowProps) {
  const { t } = useTranslation('sweeps');
  const format = useFormat();
  const setting = useSettingText();
  const edit = useSweeps((state) => state.edit);
  const { gain, retention } = figuresOf(run, sweep, live);
  const number = format.count(run.index + 1);
  const line = sweep.plan?.halving?.retention ?? RETENTION_LINE;
  const action = (words: string, Icon: LucideIcon, act: () => void, disabled = false) => (
    <ActionIcon variant="subtle" color="gray" size={26} aria-label={words} title={words} disabled={disabled} onClick={act}>
      <Icon size={14} />
    </ActionIcon>
  );
  return (
    <div className={styles.run}>
      <div className={styles.what}>
        <span className={styles.setting}>{setting(run)}</span>
        <span className={styles.runFacts}>
          <span>
            {t('run.number', { number })}
            {sweep.plan && ` · ${t('run.seed', { seed: run.seed })}`}
          </span>
          <RunState run={run} sweep={sweep} live={live} />
        </span>
      </div>
      <RunCurves run={run} sweep={sweep} live={live} scale={scale} label={t('run.curves', { number })} />
      <span className={styles.figures}>
        {gain !== null && (
          <span title={t('run.gain')}>
            <Delta value={-gain} />
          </span>
        )}
        {retention !== null && (
          <span className={styles.kept} data-lost={retention < line} title={t('run.retention')}>
            {format.retention(retention)}
          </span>
        )}
      </span>
      <span className={styles.actions}>
        {isUntouched(run) && (
          <>
            {action(t('run.up', { number }), ArrowUp, () => onMove(run.index, -1), first)}
            {action(t('run.down', { number }), ArrowDown, () => onMove(run.index, 1), last)}
          </>
        )}
        {(isUntouched(run) || isAside(run, sweep)) &&
          action(t('run.drop', { number }), X, () => void edit(sweep.id, { kind: 'drop', indices: [run.index] }))}
        {run.state === 'dropped' &&
          action(t('run.restore', { number }), RotateCcw, () => void edit(sweep.id, { kind: 'restore', indices: [run.index] }))}
      </span>
    </div>
  );
}

/** Its state as icon and words, with the reason of an end before the last step. */
function RunState({ run, sweep, live }: Pick<RowProps, 'run' | 'sweep' | 'live'>) {
  const { t } = useTranslation('sweeps');
  const format = useFormat();
  const errorText = useErrorText(useChannelTag());
  const { state, recipe, result, error } = run;
  const Icon = STATE_ICONS[state];
  const steps = recipe?.budget.steps ?? 0;
  const halving = sweep.plan?.halving;
  const words = () => {
    if (state === 'dropped' && error?.code === 'run-missing') return t('state.deleted');
    if (error && state !== 'failed' && state !== 'dropped') return t('state.fault', { what: errorText(error).what });
    if (state === 'training' && sweep.state !== 'running') return t('state.aside', { step: format.count(live?.step ?? 0) });
    if (state === 'training')
      return live
        ? t('state.step', { step: format.count(live.step), steps: format.count(rungEnd(run, halving) ?? steps) })
        : t('state.training');
    if (state === 'planned' && result) return t('state.atRung', { steps: format.count(result.steps) });
    if (state === 'stopped' && !halving) return t('state.early', { steps: format.count(result?.steps ?? 0) });
    if (state === 'stopped') return t('state.stopped', { steps: format.count(result?.steps ?? 0), rung: run.rung + 1 });
    if (state === 'failed' && error) return errorText(error).what;
    return t(`state.${state}`);
  };
  return (
    <span className={styles.state} data-state={state}>
      <Icon size={12} aria-hidden /> {words()}
    </span>
  );
}

function rungEnd({ recipe, rung }: SweepRun, halving: NonNullable<SweepRecord['plan']>['halving']): number | null {
  if (!halving || !recipe) return null;
  return rungSteps(halving.steps, recipe.budget.steps, halving.reduction)[rung] ?? null;
}

/** Before any run has ended. */
const FIRST_SCALE = { low: -0.5, high: 0.5 };

/** Held-out loss of each channel less the base's, over the run's steps; the line at 0 is the base. */
const RunCurves = memo(function RunCurves({
  run,
  sweep,
  live,
  scale,
  label,
}: Pick<RowProps, 'run' | 'sweep' | 'live' | 'scale'> & { label: string }) {
  const { base, channels } = sweep;
  const heldOut = run.result?.heldOut ?? live?.heldOut;
  const last = run.recipe?.budget.steps ?? 1;
  if (!heldOut) return <span />;
  const curves = channels.flatMap(({ id, corpus }) => {
    const curve = heldOut[id];
    const before = base[id] ?? curve?.y[0] ?? null;
    if (!curve || before === null) return [];
    const { x, y } = thinned(curve);
    const points = y.flatMap((loss, at) => (loss === null ? [] : [[x[at]!, loss - before] as const]));
    return [{ id, colour: channelColour(corpus), points }];
  });
  return <DeltaCurves curves={curves} last={last} {...(scale ?? FIRST_SCALE)} label={label} className={styles.curves} />;
});

/** A setting beside the plan's: a value for each of its fields, and seeds. */
function AddSetting({ sweep, opened, onClose }: { sweep: SweepRecord; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('sweeps');
  const name = useFieldName();
  const tag = useChannelTag();
  const edit = useSweeps((state) => state.edit);
  const like = sweep.runs[0];
  const [typed, setTyped] = useState<Record<string, string>>({});
  if (!like || !sweep.plan) return null;
  const fields = Object.entries(like.setting).flatMap(([path, value]) =>
    value !== null && typeof value === 'object'
      ? Object.entries(value).map(([channel, share]) => ({ key: `${path}/${channel}`, label: tag(channel), usual: String(share) }))
      : [{ key: path, label: name(path), usual: String(value) }],
  );
  const valueOf = (key: string, usual: string) => typed[key] ?? usual;
  const seeds = typed['seeds'] ?? sweep.plan.seeds.join(', ');
  const add = () => {
    const setting: Record<string, unknown> = {};
    for (const { key, usual } of fields) {
      const [path, channel] = key.split('/') as [string, string | undefined];
      const text = valueOf(key, usual);
      const value = text === 'true' ? true : text === 'false' ? false : readNumber(text);
      setting[path] = channel === undefined ? value : { ...(setting[path] as object | undefined), [channel]: value };
    }
    onClose();
    void edit(sweep.id, { kind: 'add', setting: setting as SweepRun['setting'], seeds: readNumbers(seeds).map(Number) });
  };
  const field = (key: string, label: string, value: string) => (
    <TextInput
      key={key}
      size="xs"
      label={label}
      value={value}
      onChange={(event) => setTyped({ ...typed, [key]: event.currentTarget.value })}
    />
  );
  return (
    <Dialog opened={opened} onClose={onClose} title={t('list.add')}>
      <div className={styles.column}>
        {fields.map(({ key, label, usual }) => field(key, label, valueOf(key, usual)))}
        {field('seeds', t('field.seeds'), seeds)}
        <div className={styles.buttons}>
          <Button size="xs" leftSection={<Plus size={13} />} onClick={add}>
            {t('list.addNow')}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
