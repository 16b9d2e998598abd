/** The desk: transport, curves, what they mean, and the strips; its keyboard shortcuts, and what it prepares ahead of Run. */
import { useEffect, useMemo, useRef, useState, lazy, memo, Suspense, useCallback, useDeferredValue } from 'react';
import { useShallow } from 'zustand/react/shallow';
import { useDevice } from '../lab/device-store';
import { lab } from '../lab/lab';
import { useActive, useAutomated, useDeskChannels, useDrawnShares } from './live-settings';
import { useDensity, useDeskCommands } from './actions';
import { followDraft, useRecipe } from './recipe-store';
import type { CorpusRecord } from '../contract/corpus';
import type { ModelRecord } from '../contract/library';
import type { ChannelText } from '../contract/tokenizer';
import type { SpecialTokens } from '../core/recipe/schema';
import { meetCorpora } from '../channels/channel';
import { useRun, isActive } from './run-store';
import { useTextLengths } from './text-lengths';
import { ActionIcon, Button, VisuallyHidden } from '@mantine/core';
import { Blend, BookOpen, ChartSpline, Columns2, Eye, FileDown, Link2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useCommands } from '../ui/commands';
import { useHashQuery, usePart } from '../ui/hash-location';
import { LossChart } from '../charts/LossChart';
import { RUN_FILE } from '../core/text/file-name';
import { runAddress, runFileOf, takeNextRecipe } from '../lab/desk-recipes';
import { saveFile } from '../ui/save-file';
import { readAddress, type AddressState } from '../core/lesson/address';
import { decodeRecipe } from '../core/recipe/share-link';
import type { RunView } from '../core/run/view';
import { useFormat } from '../i18n/format';
import { lazyWithTexts } from '../i18n/start';
import { Card, EmptyState } from '../ui/Card';
import { AddChannel, ChannelStrip } from './ChannelStrip';
import { DeskBanners } from './DeskBanners';
import { DeskDiagnosis, SideCard } from './SideCard';
import { MasterStrip } from './MasterStrip';
import { Transport } from './Transport';
import { useTransport } from './use-transport';
import styles from './Page.module.css';

/** Milliseconds that the page has for itself before texts are tokenized. */
const WAIT_MS = 400;

/**
 * Tokenizes the recipe's texts while the person still reads, so that Run starts at once. The shards are those the run itself
 * would make, under the same lock; an error here is left for Run to report.
 */
function useWarmStart(): void {
  const open = useDevice((state) => state.device.kind === 'open');
  const active = useActive();
  /** The base, then the corpora, each with what becomes of special tokens in it: the same array until one of them changes. */
  const texts = useRecipe(
    useShallow(({ recipe }) =>
      recipe?.runnable
        ? [
            recipe.base,
            // A text that a model writes may not be there before the run.
            ...new Set(
              recipe.channels.flatMap(({ corpus, specialTokens, generated }) => (generated ? [] : `${corpus} ${specialTokens ?? 'plain'}`)),
            ),
          ]
        : null,
    ),
  );
  useEffect(() => {
    if (!open || active || texts === null) return;
    const [base = '', ...keys] = texts;
    const corpora = keys.map((key): ChannelText => {
      const [corpus = '', specialTokens] = key.split(' ');
      return { corpus, specialTokens: specialTokens as SpecialTokens };
    });
    const timer = setTimeout(() => {
      lab.tokenizer
        .prepare(base, corpora, () => {})
        .then(
          (prepared) => useTextLengths.getState().know(base, prepared),
          () => {},
        );
    }, WAIT_MS);
    return () => clearTimeout(timer);
  }, [open, active, texts]);
}

/** Corpora and models to choose from, read from the library when the desk opens. */
function useLibrary(): { corpora: readonly CorpusRecord[]; models: readonly ModelRecord[] } {
  const [corpora, setCorpora] = useState<readonly CorpusRecord[]>([]);
  const [models, setModels] = useState<readonly ModelRecord[]>([]);
  useEffect(() => {
    let open = true;
    const { report } = useRun.getState();
    lab.corpus.list().then((found) => {
      meetCorpora(found);
      if (open) setCorpora(found);
    }, report);
    lab.library.models().then((found) => open && setModels(found), report);
    return () => {
      open = false;
    };
  }, []);
  return { corpora, models };
}

const RecipeDrawer = lazyWithTexts(['recipe'], () => import('./RecipeDrawer'));
const RunChecks = lazy(() => import('./RunChecks'));

/** Top of the level meters without a base loss, nats per token. */
const METER_TOP = 6;

/** The recipe or run of the address that stands on the desk: who comes back to the page meets the edits made since. */
let standing: string | null = null;

const RANDOM = new Uint32Array(1);

/**
 * The recipe of the address with its seed, then the draft, then the presets; the run of the address, then one that was interrupted.
 * @returns what the address asks for, once its recipe stands on the desk
 */
function useAddress(): AddressState | null {
  const query = useHashQuery();
  const shared = query.get('recipe');
  const run = query.get('run')?.includes('-') ? query.get('run') : null;
  const state = useMemo(() => readAddress((name) => query.get(name)), [query]);
  const { seed } = state;
  const recipeAsked = shared ?? (run === null ? null : `run ${run}`);
  const asked = seed === null ? recipeAsked : `${recipeAsked ?? ''} seed ${seed}`;
  const [taken, setTaken] = useState<string | null | undefined>(undefined);
  useEffect(() => {
    const { load, take, apply, report } = useRecipe.getState();
    const next = takeNextRecipe();
    if (next) apply(next);
    const { found, stop } = followDraft(asked);
    if (found) standing = asked;
    const isNew = asked !== standing;
    standing = asked;
    if (shared !== null && isNew && !isActive(useRun.getState().run)) {
      try {
        take(decodeRecipe(shared));
      } catch (error) {
        void load().then(() => report(error));
        return stop;
      }
    }
    void load().then(() => {
      if (seed !== null && isNew && !isActive(useRun.getState().run)) {
        const own = seed === 'random' ? crypto.getRandomValues(RANDOM)[0]! : seed;
        useRecipe.getState().edit((recipe) => ({ ...recipe, seed: own }));
      }
      setTaken(asked);
    });
    const { attach, show, findFormer } = useRun.getState();
    attach();
    if (run !== null) void show(run).then(() => isNew && takeShownRecipe(run));
    else void findFormer();
    return stop;
  }, [asked, shared, run, seed]);
  return taken === asked ? state : null;
}

/** `run=auto` trains the recipe once it can be, `run=paused` takes one step and waits; once for an address. */
function useStart(asked: AddressState | null): void {
  const { blocked, starting, active, toggle, step } = useTransport();
  const done = useRef<AddressState | null>(null);
  const open = useDevice((state) => state.device.kind === 'open');
  useEffect(() => {
    if (!asked?.start || done.current === asked || !open || blocked !== null || starting || active) return;
    done.current = asked;
    if (asked.start === 'auto') toggle();
    else step();
  });
}

function takeShownRecipe(id: string): void {
  const { run } = useRun.getState();
  if (run?.runId === id && !isActive(run)) useRecipe.getState().take(run.recipe);
}

function Watch() {
  const { t, i18n } = useTranslation('desk');
  const watch = useRecipe((state) => state.presets.find(({ id }) => id === state.presetId)?.watch);
  if (!watch) return null;
  return (
    <p className={styles.watch}>
      <Eye size={15} aria-hidden />
      <span>
        <b>{t('watch')}</b> {watch[i18n.language === 'zh' ? 'zh' : 'en']}
      </span>
    </p>
  );
}

const MergeCard = lazyWithTexts(['merge'], () => import('./MergeCard'));

/** The last checkpoint of a run that has ended; 0 where there is none. */
const lastStep = (run: RunView): number => (isActive(run) ? 0 : Math.max(0, ...run.checkpoints.map(({ step }) => step)));

/** The run with everything but weights, as a file or an address. */
function TakeRun({ run: { runId, name } }: { run: RunView }) {
  const { t } = useTranslation('desk');
  const [told, setTold] = useState<string | null>(null);
  const { report } = useRun.getState();
  const copy = async () => {
    const address = await runAddress(runId);
    if (address !== null) await navigator.clipboard.writeText(address);
    setTold(t(address === null ? 'runLinkTooLong' : 'runLinkCopied'));
  };
  const action = (words: string, Icon: typeof Link2, act: () => Promise<void>) => (
    <ActionIcon variant="light" size={26} aria-label={words} title={words} onClick={() => void act().catch(report)}>
      <Icon size={14} />
    </ActionIcon>
  );
  return (
    <>
      {action(t('runFile'), FileDown, async () => saveFile(await runFileOf(runId), `${name}${RUN_FILE}`))}
      {action(t('runLink'), Link2, copy)}
      <span role="status" className={styles.runName}>
        {told}
      </span>
    </>
  );
}

/** What comes after a run: its last weights beside the base it started from. */
function CompareWithBase({ run, step }: { run: RunView; step: number }) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const { runId, recipe } = run;
  const address = `/compare?a=model:${encodeURIComponent(recipe.base)}&b=run:${encodeURIComponent(runId)}@${step}`;
  return (
    <Button
      component={Link}
      href={address}
      size="compact-sm"
      variant="light"
      leftSection={<Columns2 size={14} />}
      data-testid="compare-run"
    >
      {t('compareWithBase', { step: format.count(step) })}
    </Button>
  );
}

const Curves = memo(function Curves() {
  const { t } = useTranslation('desk');
  const latest = useRun((state) => state.run);
  const runnable = useRecipe((state) => state.recipe?.runnable ?? true);
  // The curves may lag a frame behind the faders: React draws them when there is time.
  const run = useDeferredValue(latest);
  const step = run ? lastStep(run) : 0;
  // The run whose merge fader is open.
  const [merged, setMerged] = useState<string | null>(null);
  const merging = run !== null && step > 0 && merged === run.runId;
  const { inert: _, ...chart } = usePart('chart');
  return (
    <div className={styles.upper}>
      <Card
        {...chart}
        title={t('chart.title')}
        aside={
          run ? (
            <div className={styles.runHead}>
              <span className={styles.runName}>{run.name}</span>
              {step > 0 && (
                <>
                  <CompareWithBase run={run} step={step} />
                  <Button
                    size="compact-sm"
                    variant="light"
                    leftSection={<Blend size={14} />}
                    aria-expanded={merging}
                    onClick={() => setMerged(merging ? null : run.runId)}
                  >
                    {t('merge')}
                  </Button>
                </>
              )}
              {!isActive(run) && <TakeRun run={run} />}
            </div>
          ) : undefined
        }
        className={styles.chart}
      >
        {run ? (
          <LossChart run={run} />
        ) : (
          <EmptyState icon={runnable ? ChartSpline : BookOpen} title={t(runnable ? 'empty.title' : 'empty.readTitle')}>
            <p>{t(runnable ? 'empty.text' : 'empty.readText')}</p>
          </EmptyState>
        )}
      </Card>
      <SideCard run={run} />
      {merging && (
        <div className={styles.whole}>
          <Suspense>
            <MergeCard run={run} step={step} />
          </Suspense>
        </div>
      )}
    </div>
  );
});

const Strips = memo(function Strips({ corpora }: { corpora: readonly CorpusRecord[] }) {
  const { t } = useTranslation('desk');
  const active = useActive();
  const channels = useDeskChannels();
  const hasRecipe = useRecipe((state) => state.recipe !== null);
  const drawn = useDrawnShares();
  const mixture = usePart('mixture');
  const top = useRun((state) => Math.max(0, ...(state.run?.channels.map(({ baseLoss }) => baseLoss ?? 0) ?? [])));
  return (
    <div className={styles.desk}>
      <div className={styles.stripsHead} {...mixture}>
        <h2>{t('mixture')}</h2>
        {!active && hasRecipe && <AddChannel corpora={corpora} />}
      </div>
      <div className={styles.strips} data-testid="strips" {...mixture} style={{ '--count': channels.length } as React.CSSProperties}>
        {channels.map((channel) => (
          <ChannelStrip
            key={channel.id}
            channel={channel}
            drawn={drawn?.[channel.id] ?? null}
            corpora={corpora}
            meterTop={top > 0 ? top * 1.25 : METER_TOP}
            only={channels.length === 1}
          />
        ))}
      </div>
      <MasterStrip />
    </div>
  );
});

/** What rules make of the faders, the clients, and a look ahead. */
function Further() {
  const { inert: _, ...part } = usePart('ahead');
  return (
    <div className={styles.further} {...part}>
      <Automation />
      <FederatedClients />
      <Ahead />
    </div>
  );
}

function RunDiagnosis() {
  const latest = useRun((state) => state.run);
  const run = useDeferredValue(latest);
  return run && run.remote?.recipe !== false && <DeskDiagnosis run={run} />;
}

const AutomationView = lazyWithTexts(['recipe'], () => import('./AutomationView'));

function Automation() {
  const automated = useAutomated();
  const shown = useRun((state) => state.run?.recipe.automation !== undefined);
  return (
    (automated || shown) && (
      <Suspense>
        <AutomationView />
      </Suspense>
    )
  );
}

const FederatedView = lazyWithTexts(['recipe'], () => import('./FederatedView'));

function FederatedClients() {
  const shown = useRun((state) => state.run?.recipe.federated !== undefined);
  const planned = useRecipe((state) => state.recipe?.federated !== undefined);
  return (
    (shown || planned) && (
      <Suspense>
        <FederatedView />
      </Suspense>
    )
  );
}

const LookAhead = lazyWithTexts(['recipe'], () => import('./LookAhead'));

function Ahead() {
  const latest = useRun((state) => state.run);
  const run = useDeferredValue(latest);
  return (
    run &&
    run.remote?.recipe !== false && (
      <Suspense>
        <LookAhead run={run} />
      </Suspense>
    )
  );
}

const AttentionHeat = lazy(() => import('../charts/AttentionHeat'));

function Attention() {
  const evaluations = useRun((state) => state.run?.attention);
  if (!evaluations?.length) return null;
  return (
    <Suspense>
      <Card>
        <AttentionHeat evaluations={evaluations} />
      </Card>
    </Suspense>
  );
}

const AdversarialLines = lazy(async () => ({ default: (await import('../charts/AttentionHeat')).AdversarialLines }));

function Adversarial() {
  const evaluations = useRun((state) => state.run?.adversarial);
  if (!evaluations?.length) return null;
  return (
    <Suspense>
      <Card>
        <AdversarialLines evaluations={evaluations} />
      </Card>
    </Suspense>
  );
}

const WrittenTexts = lazy(() => import('../charts/WrittenTexts'));

function Written() {
  const latest = useRun((state) => state.run?.texts);
  const prompts = useRun((state) => state.run?.recipe.evaluation.prompts?.texts);
  const evaluations = useDeferredValue(latest);
  if (!prompts || !evaluations?.length) return null;
  return (
    <Suspense>
      <Card>
        <WrittenTexts prompts={prompts} evaluations={evaluations} />
      </Card>
    </Suspense>
  );
}

function Background({ asked }: { asked: AddressState | null }) {
  useDeskCommands();
  useStart(asked);
  useWarmStart();
  return null;
}

export default function Page() {
  const { t } = useTranslation('desk');
  // Null until the drawer is opened first: then it is read, and kept so that it can slide out.
  const [editing, setEditing] = useState<boolean | null>(null);
  const { corpora, models } = useLibrary();
  const edit = useCallback(() => setEditing(true), []);
  const density = useDensity();
  const active = useActive();
  const asked = useAddress();
  const recipePart = usePart('recipe');
  const held = recipePart.hidden || recipePart.inert;
  useCommands(
    'desk-page',
    useMemo(() => (held ? [] : [{ id: 'edit', group: 'recipe', title: t('transport.edit'), keys: ['E'], run: edit }]), [t, edit, held]),
  );
  return (
    <div data-density={density} data-active={active || undefined}>
      <h1 className={VisuallyHidden.classes.root}>{t('title')}</h1>
      <Background asked={asked} />
      <Transport models={models} onEdit={edit} />
      <DeskBanners />
      <Suspense>
        <RunChecks models={models} />
      </Suspense>
      {!(active && density === 'compact') && <Watch />}
      <div className={styles.page}>
        <Curves />
        <Strips corpora={corpora} />
        {active && density === 'compact' && <Watch />}
        <Written />
        <Further />
        <Attention />
        <Adversarial />
        <RunDiagnosis />
      </div>
      <Suspense>{editing !== null && <RecipeDrawer opened={editing} models={models} onClose={() => setEditing(false)} />}</Suspense>
    </div>
  );
}
