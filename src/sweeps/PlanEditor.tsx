/** A plan in the making: what it begins with, what varies, how it is searched, what it may cost, and what it will. */
import { lazy, Suspense, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { Button, Select, TextInput } from '@mantine/core';
import { FileDown, FolderOpen, ListChecks, Plus } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import { errorRecord, type ErrorRecord } from '../core/errors';
import type { Recipe } from '../core/recipe/schema';
import type { SweepPreset } from '../core/sweep/schema';
import { useErrorText } from '../i18n/error-text';
import { useFormat } from '../i18n/format';
import { useDevice } from '../lab/device-store';
import { presets as readPresets, useDeskRecipe } from '../lab/desk-recipes';
import { lab } from '../lab/lab';
import { measuredSpeeds } from '../lab/run-end';
import { ErrorBanner } from '../ui/Banner';
import { Card, Skeleton } from '../ui/Card';
import { ChoiceField, NumberField, SwitchField, TextField } from '../ui/fields';
import { saveFile } from '../ui/save-file';
import { AxisFields } from './AxisFields';
import { sweepFields, useFieldName } from './fields';
import {
  checkDraft,
  editDraft,
  newAxis,
  openPlan,
  planFile,
  planOf,
  presetDraft,
  useDraft,
  type CheckedPlan,
  type Place,
  type PlanDraft,
} from './plan-draft';
import { CostWords, Rungs } from './PlanSection';
import { useSweeps } from './store';
import styles from './Sweeps.module.css';

const RangeTest = lazy(() => import('./RangeTest'));

const PRESETS = ['golden-ratio', 'learning-rate', 'warmup', 'share-and-rate'] as const satisfies readonly SweepPreset[];
const METHODS = ['grid', 'list', 'random', 'sobol'] as const;

interface Source {
  id: string;
  label: string;
  recipe: Recipe;
}

/** Recipes that a sweep can begin with: the desk's, the presets, those of stored runs. */
function useSources(): { groups: { group: string; sources: Source[] }[] | null; error: ErrorRecord | null } {
  const { t, i18n } = useTranslation('sweeps');
  const format = useFormat();
  const desk = useDeskRecipe(({ recipe }) => recipe);
  const [read, setRead] = useState<{ presets: Source[]; runs: Source[] } | null>(null);
  const [error, setError] = useState<ErrorRecord | null>(null);
  const language = i18n.language.startsWith('zh') ? 'zh' : 'en';
  useEffect(() => {
    let wanted = true;
    Promise.all([readPresets(), lab.library.runs()]).then(
      ([presets, runs]) =>
        wanted &&
        setRead({
          presets: presets.flatMap(({ id, title, recipe }) =>
            recipe.runnable ? [{ id: `preset:${id}`, label: title[language], recipe }] : [],
          ),
          runs: runs
            .filter(({ forkedFrom, chain }) => !forkedFrom && !chain)
            .map(({ id, name, createdAt, recipe }) => ({ id: `run:${id}`, label: `${name} · ${format.moment(createdAt)}`, recipe })),
        }),
      (reason: unknown) => wanted && setError(errorRecord(reason)),
    );
    return () => {
      wanted = false;
    };
  }, [language, format]);
  const groups = useMemo(
    () =>
      read && [
        ...(desk?.runnable ? [{ group: t('from.here'), sources: [{ id: 'desk', label: t('from.desk'), recipe: desk }] }] : []),
        { group: t('from.presets'), sources: read.presets },
        ...(read.runs.length > 0 ? [{ group: t('from.runs'), sources: read.runs }] : []),
      ],
    [read, desk, t],
  );
  return { groups, error };
}

export default function PlanEditor() {
  const { t } = useTranslation('sweeps');
  const { groups, error } = useSources();
  const draft = useDraft((state) => state.draft);
  useEffect(() => {
    const first = groups?.[0]?.sources[0];
    if (!draft && first) useDraft.setState({ draft: presetDraft('golden-ratio', first.recipe, t('preset.golden-ratio')) });
  }, [draft, groups, t]);
  if (error) return <ErrorBanner error={error} />;
  if (!draft || !groups)
    return (
      <Card>
        <Skeleton lines={8} />
      </Card>
    );
  return <Editor draft={draft} sources={groups} />;
}

/** Tokens/s of runs like this one on this device; none before they are read. */
function useSpeeds(base: Recipe): readonly number[] {
  const sweeps = useSweeps((state) => state.sweeps);
  const device = useDevice((state) => (state.device.kind === 'open' ? state.device.info : null));
  const [speeds, setSpeeds] = useState<readonly number[]>([]);
  useEffect(() => {
    let wanted = true;
    // As a run's record has it.
    const label =
      device &&
      (device.backend === 'webgpu' ? null : device.threads > 1 ? `${device.backend} · ${device.threads} threads` : device.backend);
    measuredSpeeds(base, sweeps, label).then(
      (found) => wanted && setSpeeds(found),
      // Without them the cost reads "not known yet".
      () => wanted && setSpeeds([]),
    );
    return () => {
      wanted = false;
    };
  }, [base, sweeps, device]);
  return speeds;
}

function Editor({ draft, sources }: { draft: PlanDraft; sources: { group: string; sources: Source[] }[] }) {
  const { t } = useTranslation('sweeps');
  const { t: common } = useTranslation();
  const errorText = useErrorText(useChannelTag());
  const fieldName = useFieldName();
  const replaces = useDraft((state) => state.replaces);
  const [measured, setMeasured] = useState<readonly number[]>([]);
  const known = useSpeeds(draft.base);
  const speeds = known.length > 0 ? known : measured;
  const checkedDraft = useDeferredValue(draft);
  const checked = useMemo(() => checkDraft(checkedDraft, speeds), [checkedDraft, speeds]);
  const fields = useMemo(() => sweepFields(draft.base), [draft.base]);
  const [making, setMaking] = useState(false);
  const [fileError, setFileError] = useState<ErrorRecord | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const refusalAt = (place: Place): string | null => {
    if (!checked.refusal || checked.refusal.place !== place) return null;
    const { values, code } = checked.refusal.error;
    if (code !== 'sweep-invalid') return errorText(checked.refusal.error).what;
    const inner = String(values['field']).replace(/^axes \((.+)\)$/, '$1');
    const at = /^axes\.(\d+)(?:\.(.+))?$/.exec(inner);
    const axis = at && draft.axes[Number(at[1])];
    if (axis && axis.field === '' && axis.kind !== 'mixtures') return t('axis.choose');
    if (inner === 'axes' && draft.axes.length === 0) return t('axis.none');
    const field = axis ? (axis.kind === 'mixtures' ? t('axis.mixtures') : fieldName(axis.field) || t('axis.field')) : fieldName(inner);
    return t('refused', { field, value: values['value'], accepted: values['accepted'] });
  };
  const plan = async () => {
    setMaking(true);
    const sweep = await useSweeps.getState().create(planOf(draft));
    setMaking(false);
    if (!sweep) return;
    useDraft.setState({ draft: null, replaces: null });
    useSweeps.getState().open(sweep.id, 'plan');
    if (replaces !== null) await useSweeps.getState().remove(replaces);
  };
  const cancel = () => {
    useDraft.setState({ draft: null, replaces: null });
    useSweeps.getState().open(replaces ?? useSweeps.getState().sweeps[0]?.id ?? null);
  };
  const open = (input: HTMLInputElement) => {
    const [chosen] = input.files ?? [];
    input.value = '';
    if (!chosen) return;
    setFileError(null);
    openPlan(chosen).then(
      (read) => useDraft.setState({ draft: read }),
      (reason: unknown) => setFileError(errorRecord(reason)),
    );
  };
  return (
    <div className={styles.column} data-testid="plan-editor">
      {fileError && <ErrorBanner error={fileError} onDismiss={() => setFileError(null)} />}
      <Card title={t('from.title')}>
        <Begin draft={draft} sources={sources} refusal={refusalAt('base') ?? refusalAt('name')} />
      </Card>
      <Card title={t('axis.heading')}>
        <div className={styles.axes}>
          {draft.axes.map((axis, at) => (
            <AxisFields key={at} axis={axis} at={at} base={draft.base} fields={fields} refusal={refusalAt(at)} />
          ))}
        </div>
        <Refusal words={refusalAt('axes')} />
        <Button
          size="xs"
          variant="default"
          mt={10}
          leftSection={<Plus size={13} />}
          disabled={draft.axes.length >= 8}
          onClick={() => editDraft({ axes: [...draft.axes, newAxis('')] })}
        >
          {t('axis.add')}
        </Button>
        <Suspense>
          <RangeTest base={draft.base} onSpeeds={setMeasured} />
        </Suspense>
      </Card>
      <Card title={t('search.title')}>
        <Search draft={draft} refusalAt={refusalAt} />
      </Card>
      <Card title={t('cost.title')} data-testid="plan-cost">
        <Cost checked={checked} words={checked.refusal ? refusalAt(checked.refusal.place) : null} />
        <div className={styles.buttons}>
          <Button
            size="xs"
            leftSection={<ListChecks size={14} />}
            disabled={checked.refusal !== null}
            loading={making}
            onClick={() => void plan()}
          >
            {checked.refusal === null ? t('make', { count: checked.runs.length }) : t('makeNone')}
          </Button>
          <Button size="xs" variant="default" onClick={cancel}>
            {common('cancel')}
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<FileDown size={14} />}
            disabled={checked.refusal !== null}
            onClick={() => saveFile(planFile(draft), `${draft.name || 'sweep'}.sweep.json`)}
          >
            {t('file.save')}
          </Button>
          <Button size="xs" variant="default" leftSection={<FolderOpen size={14} />} onClick={() => file.current?.click()}>
            {t('file.open')}
          </Button>
          <input
            ref={file}
            type="file"
            hidden
            accept=".json,application/json"
            aria-label={t('file.open')}
            data-testid="plan-file"
            onChange={(event) => open(event.currentTarget)}
          />
        </div>
        <p className={styles.under}>{t('file.note')}</p>
      </Card>
    </div>
  );
}

function Refusal({ words }: { words: string | null }) {
  return (
    words !== null && (
      <p role="alert" className={styles.refusal}>
        {words}
      </p>
    )
  );
}

/** Recipe, name, steps of a run, and plans made with one press. */
function Begin({ draft, sources, refusal }: { draft: PlanDraft; sources: { group: string; sources: Source[] }[]; refusal: string | null }) {
  const { t } = useTranslation('sweeps');
  const { base } = draft;
  const all = sources.flatMap((group) => group.sources);
  const chosen = all.find(({ recipe }) => recipe === base) ?? all.find(({ recipe }) => recipe.name === base.name);
  const press = (preset: SweepPreset) => {
    const { axes, base: changed, method } = presetDraft(preset, base, '');
    editDraft({ axes, base: changed, method, name: t(`preset.${preset}`) });
  };
  return (
    <div className={styles.form}>
      <div className={styles.fields}>
        <TextField label={t('name')} value={draft.name} onChange={(name) => editDraft({ name })} />
        <Select
          size="xs"
          label={t('from.recipe')}
          data={sources.map(({ group, sources: within }) => ({ group, items: within.map(({ id, label }) => ({ value: id, label })) }))}
          value={chosen?.id ?? null}
          placeholder={base.name}
          onChange={(id) => {
            const source = all.find((one) => one.id === id);
            if (source) editDraft({ base: source.recipe });
          }}
          searchable
          allowDeselect={false}
          withScrollArea={false}
          classNames={{ dropdown: styles.dropdown ?? '' }}
        />
        <NumberField
          label={t('from.steps')}
          value={base.budget.steps}
          min={1}
          max={10_000_000}
          integer
          // Phases have steps of their own, which sum to those of the budget.
          disabled={base.phases !== undefined}
          onChange={(steps) => editDraft({ base: { ...base, budget: { steps } } })}
        />
      </div>
      <Refusal words={refusal} />
      <div className={styles.presets} role="group" aria-label={t('preset.title')}>
        <span className={styles.note}>{t('preset.title')}</span>
        {PRESETS.map((preset) => (
          <Button key={preset} size="compact-sm" variant="default" title={t(`presetHelp.${preset}`)} onClick={() => press(preset)}>
            {t(`preset.${preset}`)}
          </Button>
        ))}
      </div>
    </div>
  );
}

function Search({ draft, refusalAt }: { draft: PlanDraft; refusalAt: (place: Place) => string | null }) {
  const { t } = useTranslation('sweeps');
  const { method, halving, limits } = draft;
  const text = (label: string, value: string, onChange: (value: string) => void, help?: string) => (
    <TextInput
      size="xs"
      label={label}
      description={help}
      inputWrapperOrder={['label', 'input', 'description']}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
  return (
    <div className={styles.form}>
      <div className={styles.fields}>
        <ChoiceField
          label={t('search.method')}
          help={t(`search.help.${method}`)}
          value={method}
          choices={METHODS}
          words={(one) => t(`search.${one}`)}
          onChange={(chosen) => editDraft({ method: chosen })}
        />
        {(method === 'random' || method === 'sobol') && text(t('search.runs'), draft.runs, (runs) => editDraft({ runs }))}
        {method === 'random' && text(t('search.draw'), draft.draw, (draw) => editDraft({ draw }))}
        {text(t('field.seeds'), draft.seeds, (seeds) => editDraft({ seeds }), t('search.seedsHelp'))}
      </div>
      <Refusal words={refusalAt('method') ?? refusalAt('seeds')} />
      <SwitchField
        label={t('halving.title')}
        help={t('halving.help')}
        checked={halving !== null}
        onChange={(on) =>
          editDraft({
            halving: on
              ? {
                  kind: 'successive-halving',
                  reduction: '3',
                  steps: String(Math.max(1, Math.floor(draft.base.budget.steps / 9))),
                  retention: '0.95',
                }
              : null,
          })
        }
      />
      {halving && (
        <div className={styles.fields}>
          <ChoiceField
            label={t('halving.kind')}
            help={t(`halving.kindHelp.${halving.kind}`)}
            value={halving.kind}
            choices={['successive-halving', 'asha'] as const}
            words={(kind) => t(`halving.${kind}`)}
            onChange={(kind) => editDraft({ halving: { ...halving, kind } })}
          />
          {text(t('halving.reduction'), halving.reduction, (reduction) => editDraft({ halving: { ...halving, reduction } }))}
          {text(t('halving.steps'), halving.steps, (steps) => editDraft({ halving: { ...halving, steps } }))}
          {text(t('halving.retention'), halving.retention, (retention) => editDraft({ halving: { ...halving, retention } }))}
        </div>
      )}
      <Refusal words={refusalAt('halving')} />
      <div className={styles.fields}>
        {(['runs', 'tokens', 'minutes'] as const).map((limit) => (
          <TextInput
            key={limit}
            size="xs"
            label={t(`limits.${limit}`)}
            placeholder={t('limits.none')}
            value={limits[limit]}
            onChange={(event) => editDraft({ limits: { ...limits, [limit]: event.currentTarget.value } })}
          />
        ))}
        <ChoiceField
          label={t('keep.title')}
          value={draft.keep}
          choices={['best', 'all', 'none'] as const}
          words={(keep) => t(`keep.${keep}`)}
          onChange={(keep) => editDraft({ keep })}
        />
      </div>
      <Refusal words={refusalAt('limits')} />
    </div>
  );
}

function Cost({ checked, words }: { checked: CheckedPlan; words: string | null }) {
  const { t } = useTranslation('sweeps');
  if (checked.refusal !== null) return <p className={styles.note}>{t('cost.refused', { why: words })}</p>;
  return (
    <>
      <CostWords cost={checked.cost} />
      <Rungs rungs={checked.rungs} />
    </>
  );
}
