/**
 * What a person should know before the recipe on the desk runs: each with the change that mends it, where one click can; what a diagnosis
 * changed in it; and that the trainer is busy with a sweep.
 */
import { Button } from '@mantine/core';
import { Anchor, Flame, FlaskConical, GitFork, Repeat, Scale, Scissors, SlidersVertical, TextSelect } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useChannelTag } from '../channels/channel';
import { useDifferenceWords } from '../channels/recipe-words';
import { MOST_EPOCHS, type BeforeRun as Finding } from '../core/recipe/before-run';
import { useFormat } from '../i18n/format';
import { useTrainerSweep } from '../lab/device-store';
import { Banner } from '../ui/Banner';
import { useRecipe } from './recipe-store';
import { isActive, useRun } from './run-store';

const ICONS = {
  'channel-short': TextSelect,
  'records-cut': Scissors,
  epochs: Repeat,
  'warmup-long': Flame,
  'weight-idle': Scale,
  'weight-none': Scale,
  'decay-none': Anchor,
} as const;

export default function BeforeRun({ found }: { found: readonly Finding[] }) {
  return found.map((finding) => (
    <Banner key={finding.kind + ('channel' in finding ? finding.channel : '')} tone="warn" icon={ICONS[finding.kind]}>
      <Notice finding={finding} />
    </Banner>
  ));
}

function Notice({ finding }: { finding: Finding }) {
  const { t } = useTranslation('before');
  const format = useFormat();
  const tag = useChannelTag();
  switch (finding.kind) {
    case 'channel-short': {
      const { channel, tokens, needed, longest } = finding;
      const words = { channel: tag(channel), tokens: format.count(tokens), needed: format.count(needed) };
      if (longest === null) return <span>{t('tooShort', words)}</span>;
      return (
        <>
          <span>{t('short', { ...words, longest: format.count(longest) })}</span>
          <Button size="xs" onClick={() => useRecipe.getState().edit((recipe) => ({ ...recipe, sequenceLength: longest }))}>
            {t('shorten', { longest: format.count(longest) })}
          </Button>
        </>
      );
    }
    case 'records-cut': {
      const { channel, cut, refused, of } = finding;
      const words = { channel: tag(channel), of: format.count(of) };
      return (
        <span>
          {cut > 0 && t('recordsCut', { ...words, count: cut, formatted: format.count(cut) })}{' '}
          {refused > 0 && t('recordsRefused', { ...words, count: refused, formatted: format.count(refused) })}
        </span>
      );
    }
    case 'epochs':
      return (
        <span>
          {t('epochs', {
            channel: tag(finding.channel),
            epochs: format.decimal(finding.epochs, 1),
            most: format.count(MOST_EPOCHS),
          })}
        </span>
      );
    case 'weight-idle':
      return <span>{t('weightIdle', { channel: tag(finding.channel), weight: format.percent(finding.weight) })}</span>;
    case 'weight-none':
      return <span>{t('weightNone', { channel: tag(finding.channel), share: format.percent(finding.share) })}</span>;
    case 'decay-none':
      return <span>{t('decayNone')}</span>;
    case 'warmup-long': {
      const { warmup, steps, reached } = finding;
      return <span>{t('warmup', { warmup: format.count(warmup), steps: format.count(steps), reached: format.percent(reached) })}</span>;
    }
  }
}

/** A recipe that a diagnosis changed: what was changed, and the way back. */
export function ChangedRecipe() {
  const { t } = useTranslation('diagnosis');
  const { t: common } = useTranslation();
  const words = useDifferenceWords();
  const active = useRun((state) => isActive(state.run));
  const changed = useRecipe((state) => state.changed);
  const { putBack, keepChange } = useRecipe.getState();
  if (!changed) return null;
  const changes = changed.changes.map((change) => {
    const { field, from, to } = words(change);
    return `${field} ${from} → ${to}`;
  });
  return (
    <Banner tone="good" icon={SlidersVertical}>
      <span data-testid="changed-recipe">
        {t(active ? 'appliedLater' : 'applied', { changes: changes.join('; ') })} {changed.former && t('kept')}
      </span>
      {changed.former && (
        <Button size="xs" variant="default" onClick={putBack}>
          {t('undo')}
        </Button>
      )}
      <Button size="xs" variant="subtle" onClick={keepChange}>
        {common('dismiss')}
      </Button>
    </Banner>
  );
}

/** The recipe on the desk is that of a fork: where it goes on from, and the way to the base. */
export function ForkNotice() {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const fork = useRecipe((state) => state.fork);
  if (!fork) return null;
  return (
    <Banner tone="plain" icon={GitFork}>
      <span data-testid="fork-notice">{t('forking', { name: fork.name, step: format.count(fork.step) })}</span>
      <Button size="xs" variant="default" onClick={useRecipe.getState().leaveFork}>
        {t('notForking')}
      </Button>
    </Banner>
  );
}

/** The trainer takes runs from a sweep's queue: no other run can start in this tab meanwhile. */
export function SweepNotice() {
  const { t } = useTranslation('before');
  const sweep = useTrainerSweep((state) => state.sweep);
  if (!sweep) return null;
  return (
    <Banner tone="plain" icon={FlaskConical}>
      <span data-testid="sweep-notice">{t('sweep', { name: sweep.name })}</span>
      <Button component={Link} href={`/sweeps/${sweep.id}?section=board`} size="xs" variant="default">
        {t('toSweep')}
      </Button>
    </Banner>
  );
}
