/** Several prompts, the same seed and sampling for all picked weights, written out as it comes. */
import type { ComponentProps } from 'react';
import { Button } from '@mantine/core';
import { PenLine, Plus, Square } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { useFormat } from '../../i18n/format';
import { Card } from '../../ui/Card';
import { ErrorBanner } from '../../ui/ErrorBanner';
import { NumberField } from '../../ui/NumberField';
import { useCompare } from '../store';
import { MOST_PROMPTS, useGeneration } from './generation-store';
import { PromptCard } from './PromptCard';
import styles from './Generate.module.css';

const EXAMPLES = ['medical', 'treatment', 'medicalZh', 'speech', 'poemZh', 'code'] as const;

type Bounds = Omit<ComponentProps<typeof NumberField>, 'label' | 'value' | 'onChange'>;

export function GeneratePanel() {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const { sampling, prompts, failure, setSampling, addPrompt, generate } = useGeneration(
    useShallow((state) => ({
      sampling: state.sampling,
      prompts: state.prompts,
      failure: state.failure,
      setSampling: state.setSampling,
      addPrompt: state.addPrompt,
      generate: state.generate,
    })),
  );
  const activity = useCompare((state) => state.activity);
  const cancel = useCompare((state) => state.cancel);
  const busy = activity === 'generate';
  const full = prompts.length >= MOST_PROMPTS;
  const asked = prompts.filter(({ text }) => text.trim() !== '').length;
  const field = (name: keyof typeof sampling, bounds: Bounds) => (
    <NumberField
      label={t(`generate.${name}`)}
      value={sampling[name]}
      disabled={busy}
      onChange={(value) => setSampling({ [name]: value })}
      {...bounds}
    />
  );
  return (
    <Card title={t('generate.title')}>
      <div className={styles.fields}>
        {field('seed', { min: 0, max: 0xffffffff, integer: true })}
        {field('temperature', { min: 0, max: 5, step: 0.1, title: t('generate.greedy') })}
        {field('topP', { min: 0.01, max: 1, step: 0.05 })}
        {field('topK', { min: 0, max: 100000, integer: true, title: t('generate.topKOff') })}
        {field('maxTokens', { min: 1, max: 1024, integer: true })}
        {busy ? (
          <Button size="xs" variant="default" leftSection={<Square size={12} />} onClick={() => void cancel()}>
            {t('generate.stop')}
          </Button>
        ) : (
          <Button size="xs" leftSection={<PenLine size={14} />} disabled={activity !== null || asked === 0} onClick={() => void generate()}>
            {asked > 1 ? t('generate.runAll', { count: asked }) : t('generate.run')}
          </Button>
        )}
      </div>
      {failure && (
        <div className={styles.error}>
          <ErrorBanner error={failure.error} onRetry={() => void generate()} />
        </div>
      )}
      <ol className={styles.prompts}>
        {prompts.map((prompt, at) => (
          <PromptCard key={prompt.id} prompt={prompt} number={at + 1} busy={busy} removable={prompts.length > 1} />
        ))}
      </ol>
      <div className={styles.examples} role="group" aria-label={t('generate.examples')}>
        <Button size="compact-sm" variant="default" leftSection={<Plus size={13} />} disabled={busy || full} onClick={() => addPrompt('')}>
          {t('generate.add')}
        </Button>
        <span aria-hidden>{t('generate.examples')}</span>
        {EXAMPLES.map((id) => {
          const text = t(`prompts.${id}`);
          const there = prompts.some((prompt) => prompt.text === text);
          return (
            <button key={id} type="button" className={styles.example} disabled={busy || there || full} onClick={() => addPrompt(text)}>
              {text.trim()}
            </button>
          );
        })}
        {full && <span role="status">{t('generate.most', { count: format.count(MOST_PROMPTS) })}</span>}
      </div>
    </Card>
  );
}
