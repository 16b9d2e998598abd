/** The bar of the desk: what to run, the transport buttons, progress, the recipe's edits back and forth, and its ways in and out. */
import { withBase } from '../core/recipe/edits';
import { memo, Suspense, useEffect, useRef, useState } from 'react';
import { ActionIcon, Button, Menu, NativeSelect, TextInput, Tooltip } from '@mantine/core';
import {
  Check,
  Download,
  Ellipsis,
  Link2,
  Pause,
  Play,
  Redo2,
  RotateCcw,
  Save,
  Server,
  SlidersHorizontal,
  Square,
  StepForward,
  Undo2,
  Upload,
} from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import type { ModelRecord } from '../contract/library';
import { lazyWithTexts } from '../i18n/start';
import { RUN_FILE } from '../core/text/file-name';
import { keyCaps } from '../ui/commands';
import { usePart } from '../ui/hash-location';
import {
  DENSITIES,
  downloadRecipe,
  shareRecipe,
  takeRecipeFile,
  useDensity,
  useDensityChoice,
  useRecipeSteps,
  type Density,
} from './actions';
import { RunProgress } from './RunProgress';
import { useRecipe } from './recipe-store';
import { useTransport } from './use-transport';
import styles from './Transport.module.css';

/** How long a notice under the buttons stays. */
const SHOWN_MS = 5000;

interface Props {
  models: readonly ModelRecord[];
  onEdit(): void;
}

/** What the run begins with: a preset or a recipe of one's own, the base, the seed. While a run goes on, its name alone. */
function Choice({ models, active }: { models: readonly ModelRecord[]; active: boolean }) {
  const { t, i18n } = useTranslation('desk');
  const language = i18n.language === 'zh' ? 'zh' : 'en';
  const { recipe, presets, presetId, edited } = useRecipe(
    useShallow(({ recipe, presets, presetId, edited }) => ({ recipe, presets, presetId, edited })),
  );
  const { choose, edit } = useRecipe.getState();
  const known = models.some(({ id }) => id === recipe?.base);
  const parts = { preset: usePart('preset'), base: usePart('base'), seed: usePart('seed') };
  return (
    <div className={styles.choice} data-active={active || undefined}>
      <NativeSelect
        size="xs"
        aria-label={t('transport.preset')}
        wrapperProps={parts.preset}
        disabled={active || presets.length === 0}
        value={presetId ?? ''}
        onChange={(event) => choose(event.currentTarget.value)}
        className={styles.preset}
      >
        {presetId === null && <option value="">{recipe?.name ?? t('loading')}</option>}
        {presets.map((preset) => (
          <option key={preset.id} value={preset.id}>
            {preset.title[language]}
            {preset.id === presetId && edited ? ` · ${t('transport.edited')}` : ''}
          </option>
        ))}
      </NativeSelect>
      <NativeSelect
        size="xs"
        aria-label={t('transport.base')}
        wrapperProps={parts.base}
        disabled={active || !recipe}
        value={recipe?.base ?? ''}
        onChange={(event) => {
          const base = event.currentTarget.value;
          edit((current) => withBase(current, base));
        }}
        className={styles.base}
      >
        {recipe && !known && <option value={recipe.base}>{recipe.base}</option>}
        {models.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </NativeSelect>
      <TextInput
        size="xs"
        type="number"
        min={0}
        max={0xffffffff}
        aria-label={t('transport.seed')}
        wrapperProps={parts.seed}
        leftSection={<span className={styles.seedLabel}>{t('transport.seed')}</span>}
        leftSectionWidth={44}
        disabled={active || !recipe}
        value={recipe?.seed ?? 0}
        onChange={(event) => {
          const seed = event.currentTarget.valueAsNumber;
          if (Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff) edit((current) => ({ ...current, seed }));
        }}
        className={styles.seed}
      />
    </div>
  );
}

const ClusterDialog = lazyWithTexts(['cluster'], () => import('../ui/ClusterDialog'));

/** Undo, redo, the drawer, the link, and what is wanted seldom behind three dots. */
function RecipeTools({ active, onEdit }: { active: boolean; onEdit(): void }) {
  const { t } = useTranslation('desk');
  const recipe = useRecipe((state) => state.recipe);
  const steps = useRecipeSteps(active);
  const part = usePart('recipe');
  const density = useDensity();
  const file = useRef<HTMLInputElement>(null);
  const [shared, setShared] = useState<string | null>(null);
  const { t: common } = useTranslation();
  const [exporting, setExporting] = useState<typeof recipe>(null);
  useEffect(() => {
    if (shared === null) return;
    const timer = setTimeout(() => setShared(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [shared]);
  const share = async (chosen: NonNullable<typeof recipe>) =>
    setShared(t((await shareRecipe(chosen)) ? 'transport.linkCopied' : 'transport.linkInAddress'));
  const hint = (key: string) => ` (${keyCaps(key).join(' ')})`;
  return (
    <div className={styles.recipe} role="group" aria-label={t('transport.recipe')} {...part}>
      {(
        [
          ['undo', Undo2, 'mod+Z'],
          ['redo', Redo2, 'mod+shift+Z'],
        ] as const
      ).map(([way, Icon, key]) => (
        <Tooltip key={way} label={t(`transport.${way}`) + hint(key)}>
          <ActionIcon variant="default" size={30} aria-label={t(`transport.${way}`)} disabled={!steps[way]} onClick={() => steps[way]?.()}>
            <Icon size={15} />
          </ActionIcon>
        </Tooltip>
      ))}
      <Button size="xs" variant="default" leftSection={<SlidersHorizontal size={14} />} onClick={onEdit}>
        {t('transport.edit')}
      </Button>
      <Tooltip label={t('transport.share')}>
        <ActionIcon
          variant="default"
          size={30}
          aria-label={t('transport.share')}
          disabled={!recipe}
          onClick={() => recipe && void share(recipe)}
        >
          {shared === null ? <Link2 size={15} /> : <Check size={15} />}
        </ActionIcon>
      </Tooltip>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label={t('transport.more')}>
            <Ellipsis size={15} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<RotateCcw size={14} />} disabled={!steps.preset} onClick={() => steps.preset?.()}>
            {t('transport.toPreset')}
          </Menu.Item>
          <Menu.Item leftSection={<Download size={14} />} disabled={!recipe} onClick={() => recipe && downloadRecipe(recipe)}>
            {t('transport.export')}
          </Menu.Item>
          <Menu.Item leftSection={<Server size={14} />} disabled={!recipe} onClick={() => setExporting(recipe)}>
            {common('toCluster')}
          </Menu.Item>
          <Menu.Item leftSection={<Upload size={14} />} disabled={active} onClick={() => file.current?.click()}>
            {t('transport.import')}
          </Menu.Item>
          <Menu.Divider />
          <Menu.RadioGroup value={density} onChange={(value) => useDensityChoice.setState({ density: value as Density })}>
            <Menu.Label>{t('density.label')}</Menu.Label>
            {DENSITIES.map((one) => (
              <Menu.RadioItem key={one} value={one} closeMenuOnClick>
                {t(`density.${one}`)}
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
        </Menu.Dropdown>
      </Menu>
      <Suspense>
        {exporting && (
          <ClusterDialog source={{ kind: 'recipe', recipe: exporting }} name={exporting.name} onClose={() => setExporting(null)} />
        )}
      </Suspense>
      <span role="status" className={styles.shared}>
        {shared}
      </span>
      <input
        ref={file}
        type="file"
        accept={`.json,application/json,${RUN_FILE}`}
        hidden
        data-testid="recipe-file"
        onChange={(event) => {
          void takeRecipeFile(event.currentTarget.files?.[0]);
          event.currentTarget.value = '';
        }}
      />
    </div>
  );
}

export const Transport = memo(function Transport({ models, onEdit }: Props) {
  const { t } = useTranslation('desk');
  const transport = useTransport();
  const { active } = transport;
  return (
    <div className={styles.bar} role="region" aria-label={t('transport.label')} data-testid="transport">
      <Choice models={models} active={active} />

      <div className={styles.buttons} role="group" aria-label={t('transport.buttons')}>
        <Tooltip label={transport.blocked ?? t('transport.spaceKey')}>
          <Button
            size="xs"
            className={styles.go}
            leftSection={transport.main === 'pause' ? <Pause size={15} fill="currentColor" /> : <Play size={15} fill="currentColor" />}
            loading={transport.starting}
            disabled={transport.blocked !== null}
            onClick={transport.toggle}
            data-testid="run"
          >
            {t(`transport.${transport.main}`)}
          </Button>
        </Tooltip>
        {(
          [
            ['step', StepForward, transport.blocked !== null || transport.starting || transport.main === 'pause', 'transport.stepKey'],
            ['stop', Square, (!active && !transport.starting) || transport.held, 'transport.stop'],
            ['save', Save, !active || transport.preparing || transport.held, 'transport.save'],
          ] as const
        ).map(([command, Icon, disabled, help]) => (
          <Tooltip key={command} label={t(help)}>
            <Button
              size="xs"
              variant="default"
              className={styles.brief}
              aria-label={t(`transport.${command}`)}
              leftSection={<Icon size={14} />}
              disabled={disabled}
              onClick={transport[command]}
            >
              {t(`transport.${command}`)}
            </Button>
          </Tooltip>
        ))}
        {transport.resumable && (
          <Button size="xs" variant="light" onClick={transport.resume}>
            {t('transport.resumeRun', { step: transport.resumable.step })}
          </Button>
        )}
      </div>

      <RunProgress />
      <RecipeTools active={active} onEdit={onEdit} />
    </div>
  );
});
