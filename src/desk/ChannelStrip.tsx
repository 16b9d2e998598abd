/** One channel on the desk: fader, level, figures, lock and mute; before a run its corpus can be changed and channels can be added. */
import { Button, Menu, ActionIcon, Tooltip } from '@mantine/core';
import { Plus, Ellipsis, Lock, LockOpen, Volume2, VolumeX } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { CorpusRecord } from '../contract/corpus';
import { useChannelName, channelColour, useChannelTag } from '../channels/channel';
import { useRecipe } from './recipe-store';
import { memo, Suspense, useCallback } from 'react';
import { useShallow } from 'zustand/react/shallow';
import { GOLDEN_RANGE } from '../core/mixture/mixture';
import { MOST_EPOCHS } from '../core/recipe/before-run';
import { addEcho, isMixed } from '../core/recipe/edits';
import type { Channel, SpecialTokens } from '../core/recipe/schema';
import { useFormat } from '../i18n/format';
import { lazyWithTexts } from '../i18n/start';
import { Delta } from '../ui/Figure';
import { Fader, LevelMeter } from './Fader';
import { moveShare, toggleMute, useActive, useAutomated, useHeld, useShare } from './live-settings';
import { useRun } from './run-store';
import styles from './ChannelStrip.module.css';

export function AddChannel({ corpora }: { corpora: readonly CorpusRecord[] }) {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const name = useChannelName();
  const recipe = useRecipe((state) => state.recipe);
  const free = corpora.filter(({ id }) => recipe && !isMixed(recipe, id));
  return (
    <div>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button size="compact-sm" variant="subtle" leftSection={<Plus size={14} />}>
            {t('addChannel')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {free.map((corpus) => (
            <Menu.Item key={corpus.id} onClick={() => useRecipe.getState().add(corpus)}>
              {corpus.bundled
                ? `${name(corpus.id)} · ${common(`role.${corpus.role}`)}`
                : `${corpus.name} · ${common(`role.${corpus.role}`)}`}
            </Menu.Item>
          ))}
          {free.length > 0 && <Menu.Divider />}
          <Menu.Item component={Link} href="/corpus">
            {t('importCorpus')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {recipe && !recipe.channels.some(({ generated }) => generated) && (
        <Button size="compact-sm" variant="subtle" title={t('addEchoHelp')} onClick={() => useRecipe.getState().edit(addEcho)}>
          {t('addEcho')}
        </Button>
      )}
    </div>
  );
}

interface Props {
  channel: Channel;
  /** Share really drawn under the recipe's strategy, where it differs from the fader. */
  drawn: number | null;
  corpora: readonly CorpusRecord[];
  meterTop: number;
  only: boolean;
}

function StripMenu({ channel, corpora, only }: Pick<Props, 'channel' | 'corpora' | 'only'>) {
  const { t } = useTranslation('desk');
  const name = useChannelName();
  const tag = useChannelTag()(channel.id);
  const { swap, remove, readSpecialTokens } = useRecipe.getState();
  const special = channel.specialTokens ?? 'plain';
  const recipe = useRecipe((state) => state.recipe);
  const free = corpora.filter(({ id }) => recipe && !isMixed(recipe, id));
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={26} aria-label={t('strip.menu', { channel: tag })}>
          <Ellipsis size={15} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('strip.swap')}</Menu.Label>
        {free.length === 0 && <Menu.Item disabled>{t('strip.noOther')}</Menu.Item>}
        {free.map((corpus) => (
          <Menu.Item key={corpus.id} onClick={() => swap(channel.id, corpus)}>
            {corpus.bundled ? `${name(corpus.id)} · ${corpus.id}` : corpus.name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.RadioGroup value={special} onChange={(value) => readSpecialTokens(channel.id, value as SpecialTokens)}>
          <Menu.Label>{t('strip.specialTokens')}</Menu.Label>
          {(['plain', 'tokens'] as const).map((value) => (
            <Menu.RadioItem key={value} value={value} closeMenuOnClick>
              {t(`strip.special.${value}`)}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item color="red" disabled={only} onClick={() => remove(channel.id)}>
          {t('strip.remove', { channel: tag })}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function useMeter(id: string) {
  return useRun(
    useShallow((state) => {
      const found = state.run?.channels.find((one) => one.id === id);
      return found
        ? { train: found.trainLoss, heldOut: found.heldOutLoss, base: found.baseLoss, tokens: found.tokens, epochs: found.epochs }
        : { train: null, heldOut: null, base: null, tokens: null, epochs: null };
    }),
  );
}

const StripMeter = memo(function StripMeter({ id, top }: { id: string; top: number }) {
  const { t } = useTranslation('desk');
  const meter = useMeter(id);
  return <LevelMeter loss={meter.train} base={meter.base} top={top} label={t('strip.meter')} />;
});

const StripFigures = memo(function StripFigures({ id }: { id: string }) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const meter = useMeter(id);
  const manyEpochs = (epochs: number | null) =>
    (epochs ?? 0) > MOST_EPOCHS ? t('strip.manyEpochs', { most: format.count(MOST_EPOCHS) }) : undefined;
  return (
    <dl className={styles.values}>
      <div>
        <dt>{t('train')}</dt>
        <dd>{format.loss(meter.train)}</dd>
      </div>
      <div>
        <dt>{t('heldOut')}</dt>
        <dd>{format.loss(meter.heldOut)}</dd>
      </div>
      <div>
        <dt>{t('delta')}</dt>
        <dd>
          <Delta value={meter.heldOut !== null && meter.base !== null ? meter.heldOut - meter.base : null} />
        </dd>
      </div>
      <div>
        <dt>{t('tokens')}</dt>
        <dd>{format.compact(meter.tokens)}</dd>
      </div>
      <div>
        <dt>{t('epochs')}</dt>
        <dd data-many={(meter.epochs ?? 0) > MOST_EPOCHS || undefined} title={manyEpochs(meter.epochs)}>
          {format.decimal(meter.epochs, 2)}
        </dd>
      </div>
    </dl>
  );
});

const StripSwitches = memo(function StripSwitches({ id, only }: { id: string; only: boolean }) {
  const { t } = useTranslation('desk');
  const tag = useChannelTag()(id);
  const locked = useRecipe((state) => state.locked.has(id));
  const muted = useRecipe((state) => state.muted[id] !== undefined);
  const held = useHeld();
  return (
    <div className={styles.switches}>
      <Tooltip label={t('strip.lockHelp')}>
        <button
          type="button"
          aria-pressed={locked}
          aria-label={t('strip.lock', { channel: tag })}
          onClick={() => useRecipe.getState().toggleLock(id)}
        >
          {locked ? <Lock size={14} aria-hidden /> : <LockOpen size={14} aria-hidden />}
          <span>{t('lock')}</span>
        </button>
      </Tooltip>
      <Tooltip label={t('strip.muteHelp')}>
        <button
          type="button"
          aria-pressed={muted}
          disabled={only || locked || held}
          aria-label={t('strip.mute', { channel: tag })}
          onClick={() => toggleMute(id)}
        >
          {muted ? <VolumeX size={14} aria-hidden /> : <Volume2 size={14} aria-hidden />}
          <span>{t('mute')}</span>
        </button>
      </Tooltip>
    </div>
  );
});

/** Of a recipe that weighs channels apart from their shares. */
const ObjectiveWeight = lazyWithTexts(['recipe'], () => import('./ObjectiveWeight'));

/** Of a recipe with automation. */
const AutomationView = lazyWithTexts(['recipe'], () => import('./AutomationView'));

export const ChannelStrip = memo(function ChannelStrip({ channel, drawn, corpora, meterTop, only }: Props) {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const format = useFormat();
  const name = useChannelName();
  const active = useActive();
  const { id, role } = channel;
  const share = useShare(id);
  const automated = useAutomated();
  const held = useHeld();
  const locked = useRecipe((state) => state.locked.has(id));
  const muted = useRecipe((state) => state.muted[id] !== undefined);
  const onMove = useCallback((value: number, final: boolean) => moveShare(id, value, final), [id]);
  const percent = format.percent(share);
  const inRange = share >= GOLDEN_RANGE[0] && share <= GOLDEN_RANGE[1];
  const golden = role === 'domain';
  const shownName = name(id);
  const tag = useChannelTag()(id);

  return (
    <section
      className={styles.strip}
      style={{ '--channel': channelColour(channel.corpus) } as React.CSSProperties}
      aria-label={t('strip.label', { channel: tag })}
      data-testid={`strip-${id}`}
      data-muted={muted || undefined}
    >
      <div className={styles.fader}>
        <Fader
          label={t('strip.share', { channel: tag })}
          valueText={golden ? `${percent}, ${t(inRange ? 'strip.inRange' : 'strip.outOfRange')}` : percent}
          share={share}
          golden={golden}
          goldenLabel={t('strip.golden')}
          locked={locked || held}
          onMove={onMove}
        />
        <StripMeter id={id} top={meterTop} />
      </div>
      <div className={styles.figures}>
        <div className={styles.head}>
          <h3 className={styles.name} title={tag}>
            {tag}
          </h3>
          {!active && <StripMenu channel={channel} corpora={corpora} only={only} />}
          <div className={styles.role}>
            {channel.generated ? `${common('generated')} · ` : shownName === tag ? '' : `${shownName} · `}
            {common(`role.${role}`)}
          </div>
        </div>
        <div className={styles.share}>{percent}</div>
        {drawn !== null && <div className={styles.drawn}>{t('strip.drawn', { share: format.percent(drawn) })}</div>}
        {automated && (
          <Suspense>
            <AutomationView channel={id} />
          </Suspense>
        )}
        {channel.weight !== undefined && (
          <div inert={held}>
            <Suspense>
              <ObjectiveWeight channel={channel} />
            </Suspense>
          </div>
        )}
        <StripFigures id={id} />
        <StripSwitches id={id} only={only} />
      </div>
    </section>
  );
});
