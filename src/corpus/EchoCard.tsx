/** Text that a model writes, as a corpus: how it shall write, and what came of it beside text that people wrote. */
import { Button, NativeSelect, Textarea } from '@mantine/core';
import { Feather, ScanSearch } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { create } from 'zustand';
import { ChannelTag, useCorpusName } from '../channels/channel';
import { ProgressLine } from '../channels/ProgressLine';
import type { CorpusRecord } from '../contract/corpus';
import type { DescribedText } from '../contract/evaluation';
import type { ModelRecord } from '../contract/library';
import type { Progress } from '../contract/progress';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { SCRIPTS } from '../core/metrics/text-diversity';
import { usualEcho } from '../core/recipe/edits';
import type { Echo } from '../core/recipe/schema';
import { useFormat } from '../i18n/format';
import { cancelUntil } from '../lab/cancel-until';
import { openDevice } from '../lab/device-store';
import { lab } from '../lab/lab';
import { ErrorBanner } from '../ui/Banner';
import { Card } from '../ui/Card';
import { ChoiceField, NumberField } from '../ui/fields';
import styles from './channels/Sort.module.css';
import table from '../ui/FigureTable.module.css';
import { useCorpora } from './store';

export interface EchoState {
  /** What the engine does for this card. */
  busy: 'write' | 'describe' | null;
  progress: Progress | null;
  error: ErrorRecord | null;
  /** The echo that is looked at with the texts beside it, itself first. */
  described: { echo: string; texts: DescribedText[] } | null;
  write(settings: Echo): Promise<void>;
  describe(echo: CorpusRecord): Promise<void>;
  cancel(): Promise<void>;
  dismiss(): void;
}

const useEcho = create<EchoState>()((set, get) => {
  async function work(busy: 'write' | 'describe', job: (onProgress: (progress: Progress) => void) => Promise<void>): Promise<void> {
    if (get().busy) return;
    set({ busy, progress: null, error: null });
    try {
      await openDevice();
      await job((progress) => set({ progress }));
    } catch (failed) {
      const error = errorRecord(failed);
      if (error.code !== 'cancelled') set({ error });
    } finally {
      set({ busy: null, progress: null });
    }
  }
  return {
    busy: null,
    progress: null,
    error: null,
    described: null,
    async write(settings) {
      let made: CorpusRecord | null = null;
      await work('write', async (onProgress) => {
        made = await lab.trainer.writeEcho(settings, onProgress);
        await useCorpora.getState().load();
      });
      if (made) await get().describe(made);
    },
    describe: (echo) =>
      work('describe', async (onProgress) => {
        const { generated } = echo;
        if (!generated) return;
        const general = useCorpora.getState().corpora.filter((corpus) => corpus.role === 'general' && !corpus.generated);
        const ids = [echo.id, ...general.map(({ id }) => id)];
        set({ described: { echo: echo.id, texts: await lab.trainer.describeTexts(generated.settings.model, ids, onProgress) } });
      }),
    cancel: () =>
      cancelUntil(
        () => get().busy === null,
        () => lab.trainer.cancel(),
      ),
    dismiss: () => set({ error: null }),
  };
});

const KINDS = ['none', 'corpus', 'own'] as const;

export default function EchoCard() {
  const { t } = useTranslation('corpus');
  const { busy, progress, error, described, write, cancel, dismiss } = useEcho();
  const corpora = useCorpora((state) => state.corpora);
  const [settings, setSettings] = useState<Echo>(() => usualEcho('nano'));
  const models = useModels();
  const set = (change: Partial<Echo>) => setSettings({ ...settings, ...change });
  const echoes = corpora.filter(({ generated }) => generated);
  const shown = described && echoes.find(({ id }) => id === described.echo);
  return (
    <Card title={t('echo.title')} data-testid="echo">
      <div className={styles.panel}>
        <p className={styles.dim}>{t('echo.lead')}</p>
        <div className={styles.fields}>
          <NativeSelect
            size="xs"
            label={t('echo.model')}
            value={settings.model}
            data={models.map(({ id, name }) => ({ value: id, label: name }))}
            onChange={(event) => set({ model: event.currentTarget.value })}
          />
          <Prompts prompts={settings.prompts} onChange={(prompts) => set({ prompts })} />
        </div>
        <div className={styles.fields}>
          <NumberField
            label={t('echo.temperature')}
            value={settings.temperature}
            min={0.05}
            max={2}
            step={0.05}
            onChange={(temperature) => set({ temperature })}
          />
          <NumberField label={t('echo.topP')} value={settings.topP} min={0.05} max={1} step={0.05} onChange={(topP) => set({ topP })} />
          <NumberField label={t('echo.length')} value={settings.length} min={8} max={4096} integer onChange={(length) => set({ length })} />
          <NumberField
            label={t('echo.tokens')}
            value={settings.tokens}
            min={64}
            max={10_000_000}
            step={1024}
            integer
            onChange={(tokens) => set({ tokens })}
          />
          <NumberField label={t('echo.seed')} value={settings.seed} min={0} max={0xffffffff} integer onChange={(seed) => set({ seed })} />
          <Button size="xs" leftSection={<Feather size={14} />} disabled={busy !== null} onClick={() => void write(settings)}>
            {t('echo.write')}
          </Button>
        </div>
        {error && <ErrorBanner error={error} onDismiss={dismiss} />}
        {busy && <ProgressLine progress={progress} onCancel={() => void cancel()} />}
        {busy === 'write' && <p className={styles.dim}>{t('echo.kept')}</p>}
        {echoes.length > 0 && (
          <ul className={styles.echoes} aria-label={t('echo.list')}>
            {echoes.map((echo) => (
              <EchoLine key={echo.id} echo={echo} />
            ))}
          </ul>
        )}
        {described && shown && <Described texts={described.texts} />}
      </div>
    </Card>
  );
}

function useModels(): readonly Pick<ModelRecord, 'id' | 'name'>[] {
  const [models, setModels] = useState<readonly Pick<ModelRecord, 'id' | 'name'>[]>([{ id: 'nano', name: 'nano' }]);
  useEffect(() => {
    let gone = false;
    // Without the list the bundled model is there all the same.
    lab.library.models().then(
      (found) => !gone && setModels(found),
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, []);
  return models;
}

function Prompts({ prompts, onChange }: { prompts: Echo['prompts']; onChange: (prompts: Echo['prompts']) => void }) {
  const { t } = useTranslation('corpus');
  const corpusName = useCorpusName();
  const corpora = useCorpora((state) => state.corpora).filter(({ generated }) => !generated);
  // Empty lines are no prompts: the person's typing is kept apart from them.
  const [typed, setTyped] = useState('');
  const choose = (kind: (typeof KINDS)[number]) => {
    const first = corpora.find(({ role }) => role === 'general') ?? corpora[0];
    if (kind === 'corpus') onChange(first ? { kind, corpus: first.id, tokens: 8 } : { kind: 'none' });
    else onChange(kind === 'own' ? { kind, lines: linesOf(typed, t('echo.example')) } : { kind });
  };
  return (
    <>
      <ChoiceField
        label={t('echo.prompts')}
        value={prompts.kind}
        choices={KINDS}
        words={(kind) => t(`echo.prompt.${kind}`)}
        onChange={choose}
      />
      {prompts.kind === 'corpus' && (
        <>
          <NativeSelect
            size="xs"
            label={t('echo.corpus')}
            value={prompts.corpus}
            data={corpora.map((corpus) => ({ value: corpus.id, label: corpusName(corpus) }))}
            onChange={(event) => onChange({ ...prompts, corpus: event.currentTarget.value })}
          />
          <NumberField
            label={t('echo.promptTokens')}
            value={prompts.tokens}
            min={1}
            max={64}
            integer
            onChange={(tokens) => onChange({ ...prompts, tokens })}
          />
        </>
      )}
      {prompts.kind === 'own' && (
        <Textarea
          size="xs"
          label={t('echo.lines')}
          placeholder={t('echo.example')}
          autosize
          minRows={2}
          maxRows={8}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            onChange({ kind: 'own', lines: linesOf(event.currentTarget.value, t('echo.example')) });
          }}
        />
      )}
    </>
  );
}

/** At most as many and as long as a recipe takes; the example where there is none. */
function linesOf(typed: string, example: string): string[] {
  const lines = typed
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.slice(0, 400));
  return lines.length === 0 ? [example] : lines.slice(0, 64);
}

function EchoLine({ echo }: { echo: CorpusRecord }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { busy, describe } = useEcho();
  const { settings, tokens, exact, cut, seconds } = echo.generated!;
  const documents = echo.documents.train + echo.documents.heldOut;
  return (
    <li data-testid="echo-line">
      <b>{echo.name}</b>
      <span className={styles.dim}>
        {t('echo.made', {
          tokens: format.count(tokens),
          documents: format.count(documents),
          speed: format.count(tokens / Math.max(seconds, 1e-3)),
          exact: format.percent(exact / documents),
          cut: format.percent(cut / documents),
          length: format.count(settings.length),
        })}
      </span>
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<ScanSearch size={13} />}
        disabled={busy !== null}
        aria-label={t('echo.describeName', { name: echo.name })}
        onClick={() => void describe(echo)}
      >
        {t('echo.describe')}
      </Button>
    </li>
  );
}

/** Of the middle one of the general texts: a text that packs to less repeats itself, one that the model expects better is narrow. */
const REPEATS = 0.8;
const NARROW = 0.75;

function verdictOf([echo, ...others]: readonly DescribedText[]): 'repeats' | 'narrow' | 'alike' | null {
  if (!echo || others.length === 0) return null;
  const middle = (of: (text: DescribedText) => number) => others.map(of).sort((a, b) => a - b)[Math.floor(others.length / 2)]!;
  if (echo.compression < REPEATS * middle(({ compression }) => compression) || echo.duplicates > 0.05) return 'repeats';
  return echo.loss < NARROW * middle(({ loss }) => loss) ? 'narrow' : 'alike';
}

function Described({ texts }: { texts: readonly DescribedText[] }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const scripts = SCRIPTS.filter((script) => texts.some((text) => text.scripts[script] >= 0.0005));
  const verdict = verdictOf(texts);
  return (
    <div className={styles.sorted} data-testid="echo-described">
      {verdict && (
        <p role="status" data-verdict={verdict}>
          {t(`echo.verdict.${verdict}`)}
        </p>
      )}
      <div className={table.scroll} role="region" tabIndex={0} aria-label={t('echo.table')}>
        <table className={table.table}>
          <caption>{t('echo.caption', { tokens: format.count(Math.min(...texts.map(({ tokens }) => tokens))) })}</caption>
          <thead>
            <tr>
              <th scope="col" className={table.first}>
                {t('column.name')}
              </th>
              <th scope="col">{t('echo.loss')}</th>
              <th scope="col">{t('echo.bits')}</th>
              {([1, 2, 3] as const).map((n) => (
                <th key={n} scope="col">
                  {t('echo.distinct', { n })}
                </th>
              ))}
              <th scope="col">{t('echo.compression')}</th>
              <th scope="col">{t('echo.duplicates')}</th>
              {scripts.map((script) => (
                <th key={script} scope="col">
                  {t(`echo.script.${script}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {texts.map((text) => (
              <tr key={text.corpus}>
                <th scope="row" className={table.first}>
                  <ChannelTag id={text.corpus} />
                </th>
                <td>{format.loss(text.loss)}</td>
                <td>{format.decimal(text.bitsPerByte, 3)}</td>
                {text.distinct.map((share, at) => (
                  <td key={at}>{format.decimal(share, 3)}</td>
                ))}
                <td>{format.decimal(text.compression, 3)}</td>
                <td>{format.percent(text.duplicates)}</td>
                {scripts.map((script) => (
                  <td key={script}>{format.percent(text.scripts[script])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <h3>{t('echo.samples')}</h3>
      <ol className={styles.judged} tabIndex={0}>
        {texts[0]!.samples.map((text, at) => (
          <li key={at}>
            <pre>{text}</pre>
          </li>
        ))}
      </ol>
    </div>
  );
}
