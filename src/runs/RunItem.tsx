/** One run of the list: what it is, how far it got, what came out, and what can be done with it. */
import { useState } from 'react';
import { ActionIcon, Button, Menu, Progress } from '@mantine/core';
import {
  Archive,
  ChartSpline,
  ChevronDown,
  CircleCheck,
  CircleDashed,
  CirclePause,
  CirclePlay,
  CircleStop,
  Columns2,
  Download,
  Ellipsis,
  FileDown,
  GitFork,
  Link2,
  ListPlus,
  Play,
  SlidersVertical,
  Star,
  StickyNote,
  Trash2,
  TriangleAlert,
  Unplug,
  type LucideIcon,
} from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { errorRecord } from '../core/errors';
import { RETENTION_LINE } from '../core/metrics/loss';
import type { CheckpointRecord, RunRecord, RunState } from '../core/run/types';
import { useErrorText } from '../i18n/error-text';
import { useFormat } from '../i18n/format';
import { useChannelTag, ChannelTag } from '../channels/channel';
import { Delta } from '../ui/Figure';
import { RUN_FILE } from '../core/text/file-name';
import { runAddress, runFileOf } from '../lab/desk-recipes';
import { EditableName } from '../ui/LibraryPage';
import { saveFile } from '../ui/save-file';
import { ProgressLine } from '../channels/ProgressLine';
import { RecipeLine } from './Recipe';
import { RunDetail } from './RunDetail';
import { comparePath, isExtendable, isResumable } from './run-facts';
import { useRunExport, useRuns } from './store';
import styles from './Runs.module.css';

interface Props {
  run: RunRecord;
  checkpoints: CheckpointRecord[];
  presetTitle: string | null;
  onDelete: (run: RunRecord) => void;
}

export function RunItem({ run, checkpoints, presetTitle, onDelete }: Props) {
  const { t } = useTranslation('runs');
  const { t: common } = useTranslation();
  const format = useFormat();
  const rename = useRuns((state) => state.rename);
  const mark = useRuns((state) => state.mark);
  const overlay = useRuns((state) => state.overlay);
  const overlaid = useRuns((state) => state.overlaid.has(run.id));
  const opened = useRuns((state) => state.opened?.id === run.id);
  const resuming = useRuns((state) => (state.resuming?.run === run.id ? state.resuming : null));
  const steps = run.recipe.budget.steps;
  const facts = [
    t('began', { date: format.dateTime(run.createdAt) }),
    ...(run.tokens > 0 || !run.imported ? [t('tokens', { tokens: format.compact(run.tokens) })] : []),
    ...(run.forkedFrom ? [t('forkedFrom', { name: run.forkedFrom.name, step: format.count(run.forkedFrom.step) })] : []),
    ...(run.chain ? [t('chainStage', { name: run.chain.name, stage: run.chain.stage + 1 })] : []),
    ...(run.device === ''
      ? []
      : [t('device', { device: run.device.replace(/(\d+) threads?/, (_, count) => common('device.threads', { count: Number(count) })) })]),
  ];
  const last = checkpoints.reduce((latest, checkpoint) => Math.max(latest, checkpoint.step), -1);
  return (
    <li className={styles.item} data-open={opened} data-testid="run" data-run={run.id}>
      <div className={styles.row}>
        <div className={styles.what}>
          <div className={styles.head}>
            <input
              type="checkbox"
              checked={overlaid}
              aria-label={t('overlay.choose', { name: run.name })}
              title={t('overlay.choose', { name: run.name })}
              onChange={() => void overlay(run.id)}
            />
            <EditableName
              name={run.name}
              heading="h2"
              className={styles.name}
              label={t('name')}
              renameLabel={t('rename', { name: run.name })}
              maxLength={120}
              onRename={(name) => void rename(run.id, name)}
            />
            <ActionIcon
              size={22}
              variant="subtle"
              color="gray"
              className={styles.star ?? ''}
              aria-pressed={run.starred === true}
              aria-label={t('mark.star', { name: run.name })}
              onClick={() => void mark(run.id, { starred: !run.starred })}
            >
              <Star size={14} fill={run.starred ? 'currentColor' : 'none'} />
            </ActionIcon>
          </div>
          {run.imported ? (
            <p>{t('import.from', { file: run.imported.file, format: t(`import.format.${run.imported.format}`) })}</p>
          ) : (
            <RecipeLine recipe={run.recipe} presetTitle={presetTitle} />
          )}
          <p className={styles.facts}>{facts.join(' · ')}</p>
          <Marks run={run} />
        </div>
        <div className={styles.progress}>
          <div className={styles.progressWords}>
            <StateBadge state={run.state} />
            <span>{t('step', { step: format.count(run.step), steps: format.count(steps) })}</span>
          </div>
          <Progress
            value={(run.step / steps) * 100}
            size={5}
            radius={9}
            className={styles.track}
            aria-label={t('step', { step: format.count(run.step), steps: format.count(steps) })}
          />
          {run.state === 'interrupted' && run.imported ? (
            <p className={styles.facts}>{t('import.notFollowed')}</p>
          ) : run.state === 'interrupted' ? (
            <p className={styles.interrupted}>{last >= 0 ? t('interrupted', { step: format.count(last) }) : t('interruptedNothing')}</p>
          ) : run.error ? (
            <RunError run={run} />
          ) : (
            run.stopReason && run.state !== 'running' && <p className={styles.facts}>{common(`stopReason.${run.stopReason}`)}</p>
          )}
        </div>
        <FinalLosses run={run} />
        <Actions run={run} checkpoints={checkpoints} opened={opened} onDelete={onDelete} />
      </div>
      {resuming && (
        <div className={styles.resuming}>
          <ProgressLine progress={resuming.progress} />
        </div>
      )}
      {opened && <RunDetail run={run} checkpoints={checkpoints} />}
    </li>
  );
}

/** What a person put down about the run; a tag that is pressed is looked for. */
function Marks({ run }: { run: RunRecord }) {
  const { t } = useTranslation('runs');
  const { note, tags = [], archived } = run;
  if (!note && tags.length === 0 && !archived) return null;
  return (
    <div className={styles.marks}>
      {archived && (
        <span className={styles.archived}>
          <Archive size={12} aria-hidden /> {t('mark.archived')}
        </span>
      )}
      {tags.map((tag) => (
        <button
          key={tag}
          type="button"
          className={styles.tag}
          aria-label={t('mark.find', { tag })}
          onClick={() => useRuns.setState(({ filter }) => ({ filter: { ...filter, text: `#${tag.split(' ')[0]!}` } }))}
        >
          #{tag}
        </button>
      ))}
      {note && <p className={styles.note}>{note}</p>}
    </div>
  );
}

const STATE_ICONS: Record<RunState, LucideIcon> = {
  preparing: CircleDashed,
  running: CirclePlay,
  paused: CirclePause,
  stopped: CircleStop,
  finished: CircleCheck,
  failed: TriangleAlert,
  interrupted: Unplug,
};

/** A run's state as icon and word, so that colour is never alone. */
function StateBadge({ state }: { state: RunState }) {
  const { t } = useTranslation();
  const Icon = STATE_ICONS[state];
  return (
    <span className={styles.state} data-state={state}>
      <Icon size={13} aria-hidden />
      {t(`state.${state}`)}
    </span>
  );
}

function RunError({ run }: { run: RunRecord }) {
  const { what } = useErrorText(useChannelTag())(run.error);
  return <p className={styles.failed}>{what}</p>;
}

function FinalLosses({ run }: { run: RunRecord }) {
  const { t } = useTranslation('runs');
  const format = useFormat();
  if (!run.latest) return <p className={styles.unmeasured}>{t('notMeasured')}</p>;
  const { retention, channels } = run.latest;
  const lost = retention !== null && retention < RETENTION_LINE;
  const Icon = lost ? TriangleAlert : CircleCheck;
  return (
    <div className={styles.outcome}>
      <ul className={styles.losses} aria-label={t('losses')}>
        {run.recipe.channels.map(({ id, corpus }) => {
          const now = channels[id];
          const before = run.base?.channels[id];
          if (!now) return null;
          return (
            <li key={id}>
              <ChannelTag id={id} corpus={corpus} />
              <span className={styles.number}>{format.loss(now.loss)}</span>
              <Delta value={before ? now.loss - before.loss : null} />
            </li>
          );
        })}
      </ul>
      {retention !== null && (
        <div className={styles.retention} data-lost={lost}>
          <span>{t('retention.title')}</span>
          <b>{format.retention(retention)}</b>
          <span className={styles.verdict}>
            <Icon size={12} aria-hidden /> {lost ? t('retention.below') : t('retention.above')}
          </span>
        </div>
      )}
    </div>
  );
}

interface ActionProps extends Omit<Props, 'presetTitle'> {
  opened: boolean;
}

function Actions({ run, checkpoints, opened, onDelete }: ActionProps) {
  const { t } = useTranslation('runs');
  const [, navigate] = useLocation();
  const { open, close, resume, resuming, mark } = useRuns();
  const beginExport = useRunExport((state) => state.begin);
  const { name } = run;
  const takeAway = useTakeAway(run);
  return (
    <div className={styles.actions}>
      <span role="status" className={styles.facts}>
        {takeAway.told}
      </span>
      {isResumable(run, checkpoints) && (
        <Button
          size="xs"
          leftSection={<Play size={13} />}
          loading={resuming?.run === run.id}
          disabled={resuming !== null && resuming.run !== run.id}
          onClick={() => void resume(run.id).then((trains) => trains && navigate('/desk'))}
        >
          {t('action.resume')}
        </Button>
      )}
      {isExtendable(run, checkpoints) && (
        <Button
          size="xs"
          variant="light"
          leftSection={<ListPlus size={13} />}
          disabled={resuming !== null}
          onClick={() => useRuns.setState({ extending: run.id })}
        >
          {t('action.extend')}
        </Button>
      )}
      <Button
        size="xs"
        variant="default"
        aria-expanded={opened}
        aria-label={t(opened ? 'action.closeRun' : 'action.openRun', { name })}
        rightSection={<ChevronDown size={13} className={styles.chevron} data-open={opened} />}
        onClick={() => (opened ? close() : void open(run.id))}
      >
        {t(opened ? 'action.close' : 'action.open')}
      </Button>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label={t('action.more', { name })}>
            <Ellipsis size={15} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<Columns2 size={14} />}
            disabled={checkpoints.length === 0}
            onClick={() => navigate(compareHref(run, checkpoints))}
          >
            {t('action.compare')}
          </Menu.Item>
          <Menu.Item leftSection={<Download size={14} />} disabled={checkpoints.length === 0} onClick={() => beginExport(run.id)}>
            {t('action.export')}
          </Menu.Item>
          <Menu.Item
            leftSection={<GitFork size={14} />}
            disabled={checkpoints.length === 0}
            onClick={() => useRuns.setState({ forking: { run: run.id, step: lastStep(checkpoints) } })}
          >
            {t('action.fork')}
          </Menu.Item>
          <Menu.Item
            leftSection={<ChartSpline size={14} />}
            disabled={run.imported !== undefined}
            onClick={() => navigate(`/desk?run=${encodeURIComponent(run.id)}`)}
          >
            {t('action.desk')}
          </Menu.Item>
          <Menu.Item
            leftSection={<SlidersVertical size={14} />}
            disabled={run.imported !== undefined}
            onClick={() =>
              void import('../core/recipe/share-link').then(({ encodeRecipe }) => navigate(`/desk?recipe=${encodeRecipe(run.recipe)}`))
            }
          >
            {t('action.recipe')}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<StickyNote size={14} />} onClick={() => useRuns.setState({ marking: run.id })}>
            {t('mark.edit')}
          </Menu.Item>
          <Menu.Item leftSection={<Archive size={14} />} onClick={() => void mark(run.id, { archived: !run.archived })}>
            {t(run.archived ? 'mark.unarchive' : 'mark.archive')}
          </Menu.Item>
          <Menu.Item leftSection={<FileDown size={14} />} onClick={() => void takeAway.save()}>
            {t('action.file')}
          </Menu.Item>
          <Menu.Item leftSection={<Link2 size={14} />} onClick={() => void takeAway.copy()}>
            {t('action.link')}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<Trash2 size={14} />} color="var(--bad)" onClick={() => onDelete(run)}>
            {t('action.delete')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

/** The run as a file, or in the clipboard as an address. */
function useTakeAway({ id, name }: RunRecord) {
  const { t } = useTranslation('runs');
  const [told, setTold] = useState<string | null>(null);
  const fail = (error: unknown) => useRuns.setState({ failure: errorRecord(error) });
  return {
    told,
    save: () => runFileOf(id).then((blob) => saveFile(blob, `${name}${RUN_FILE}`), fail),
    copy: () =>
      runAddress(id)
        .then(async (address) => {
          if (address !== null) await navigator.clipboard.writeText(address);
          setTold(t(address === null ? 'action.linkTooLong' : 'action.linkCopied'));
        })
        .catch(fail),
  };
}

const lastStep = (checkpoints: readonly CheckpointRecord[]) => checkpoints.reduce((latest, { step }) => Math.max(latest, step), 0);

function compareHref(run: RunRecord, checkpoints: readonly CheckpointRecord[]): string {
  return comparePath(run, lastStep(checkpoints));
}
