/** The bar of the desk: what to run, the transport buttons, progress, and the recipe as a link or a file. */
import { withBase } from '../core/recipe/edits';
import { parseRecipeText } from '../core/recipe/parse';
import type { Recipe } from '../core/recipe/schema';
import { encodeRecipe } from '../core/recipe/share-link';
import { saveFile } from '../ui/save-file';
import { memo, useEffect, useRef, useState } from 'react';
import { ActionIcon, Button, NativeSelect, TextInput, Tooltip } from '@mantine/core';
import { Check, Download, Link2, Pause, Play, Save, SlidersHorizontal, Square, StepForward, Upload } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import type { ModelRecord } from '../contract/library';
import { openRunFiles, RUN_FILE } from '../lab/desk-recipes';
import { navigate, usePart } from '../ui/hash-location';
import { RunProgress } from './RunProgress';
import { useRecipe } from './recipe-store';
import { useTransport } from './use-transport';
import styles from './Transport.module.css';

function recipeLink(recipe: Recipe): string {
  const url = new URL(window.location.href);
  url.hash = `/desk?recipe=${encodeRecipe(recipe)}`;
  return url.href;
}

function downloadRecipe(recipe: Recipe): void {
  saveFile(new Blob([`${JSON.stringify(recipe, null, 2)}\n`], { type: 'application/json' }), `${recipe.name}.recipe.json`);
}

/** @throws StudioError `recipe-invalid` naming the field */
async function readRecipeFile(file: File): Promise<Recipe> {
  return parseRecipeText(await file.text());
}

/** How long a notice under the buttons stays. */
const SHOWN_MS = 5000;

interface Props {
  models: readonly ModelRecord[];
  onEdit(): void;
}

export const Transport = memo(function Transport({ models, onEdit }: Props) {
  const { t, i18n } = useTranslation('desk');
  const language = i18n.language === 'zh' ? 'zh' : 'en';
  const { recipe, presets, presetId, edited } = useRecipe(
    useShallow(({ recipe, presets, presetId, edited }) => ({ recipe, presets, presetId, edited })),
  );
  const { choose, edit, take, report } = useRecipe.getState();
  const transport = useTransport();
  const file = useRef<HTMLInputElement>(null);
  const [shared, setShared] = useState<string | null>(null);
  useEffect(() => {
    if (shared === null) return;
    const timer = setTimeout(() => setShared(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [shared]);
  const { active } = transport;
  const parts = { preset: usePart('preset'), base: usePart('base'), seed: usePart('seed'), recipe: usePart('recipe') };

  async function share() {
    if (!recipe) return;
    navigate(`/desk?recipe=${encodeRecipe(recipe)}`, { replace: true });
    const copied = await navigator.clipboard.writeText(recipeLink(recipe)).then(
      () => true,
      () => false,
    );
    setShared(t(copied ? 'transport.linkCopied' : 'transport.linkInAddress'));
  }

  async function takeFile(chosen: File | undefined) {
    if (!chosen) return;
    try {
      if (chosen.name.endsWith(RUN_FILE)) navigate(await openRunFiles([chosen]));
      else take(await readRecipeFile(chosen));
    } catch (error) {
      report(error);
    }
  }

  const known = models.some(({ id }) => id === recipe?.base);
  return (
    <div className={styles.bar} role="region" aria-label={t('transport.label')} data-testid="transport">
      <div className={styles.choice}>
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
        <Tooltip label={t('transport.stepKey')}>
          <Button
            size="xs"
            variant="default"
            leftSection={<StepForward size={15} />}
            disabled={transport.blocked !== null || transport.starting || transport.main === 'pause'}
            onClick={transport.step}
          >
            {t('transport.step')}
          </Button>
        </Tooltip>
        <Button
          size="xs"
          variant="default"
          leftSection={<Square size={13} />}
          disabled={!active && !transport.starting}
          onClick={transport.stop}
        >
          {t('transport.stop')}
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<Save size={14} />}
          disabled={!active || transport.preparing}
          onClick={transport.save}
        >
          {t('transport.save')}
        </Button>
        {transport.resumable && (
          <Button size="xs" variant="light" onClick={transport.resume}>
            {t('transport.resumeRun', { step: transport.resumable.step })}
          </Button>
        )}
      </div>

      <RunProgress />

      <div className={styles.recipe} role="group" aria-label={t('transport.recipe')} {...parts.recipe}>
        <Button size="xs" variant="default" leftSection={<SlidersHorizontal size={14} />} onClick={onEdit}>
          {t('transport.edit')}
        </Button>
        <Tooltip label={t('transport.share')}>
          <ActionIcon variant="default" size={30} aria-label={t('transport.share')} disabled={!recipe} onClick={() => void share()}>
            {shared === null ? <Link2 size={15} /> : <Check size={15} />}
          </ActionIcon>
        </Tooltip>
        <Tooltip label={t('transport.export')}>
          <ActionIcon
            variant="default"
            size={30}
            aria-label={t('transport.export')}
            disabled={!recipe}
            onClick={() => recipe && downloadRecipe(recipe)}
          >
            <Download size={15} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={t('transport.import')}>
          <ActionIcon
            variant="default"
            size={30}
            aria-label={t('transport.import')}
            disabled={active}
            onClick={() => file.current?.click()}
          >
            <Upload size={15} />
          </ActionIcon>
        </Tooltip>
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
            void takeFile(event.currentTarget.files?.[0]);
            event.currentTarget.value = '';
          }}
        />
      </div>
    </div>
  );
});
