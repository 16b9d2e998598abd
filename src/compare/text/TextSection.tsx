/** Text of all picked weights side by side: prompts continued with the same seed and sampling, then a text's loss token by token. */
import type { ComponentProps } from 'react';
import { ActionIcon, Button, Textarea } from '@mantine/core';
import { PenLine, Plus, Square, Trash2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { useFormat } from '../../i18n/format';
import { ErrorBanner } from '../../ui/Banner';
import { Card } from '../../ui/Card';
import { NumberField } from '../../ui/fields';
import { PLACES, type Place } from '../address';
import { Letter } from '../../ui/marks';
import { useSourceName, findSource } from '../sources';
import { useCompare } from '../store';
import { BlindPanel } from './BlindPanel';
import { EXAMPLES, MOST_PROMPTS, useGeneration, type Prompt } from './generation-store';
import { TokenPanel } from './TokenPanel';
import styles from './Generate.module.css';

interface Props {
  prompt: Prompt;
  /** From 1. */
  number: number;
  busy: boolean;
  removable: boolean;
}

/** One prompt and its continuations by A, B and the third. */
function PromptCard({ prompt, number, busy, removable }: Props) {
  const { t } = useTranslation('compare');
  const setPrompt = useGeneration((state) => state.setPrompt);
  const removePrompt = useGeneration((state) => state.removePrompt);
  const generate = useGeneration((state) => state.generate);
  const asked = PLACES.filter((place) => prompt.continuations[place]);
  return (
    <li className={styles.prompt}>
      <div className={styles.input}>
        <Textarea
          className={styles.textarea ?? ''}
          aria-label={t('generate.prompt', { number })}
          placeholder={t('generate.placeholder')}
          autosize
          minRows={1}
          maxRows={8}
          value={prompt.text}
          disabled={busy}
          onChange={(event) => setPrompt(prompt.id, event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void generate();
          }}
        />
        {removable && (
          <ActionIcon
            variant="subtle"
            color="gray"
            size={30}
            aria-label={t('generate.remove', { number })}
            disabled={busy}
            onClick={() => removePrompt(prompt.id)}
          >
            <Trash2 size={15} />
          </ActionIcon>
        )}
      </div>
      {asked.length > 0 && (
        <div className={styles.sides} data-count={asked.length}>
          {asked.map((place) => (
            <Continued key={place} place={place} prompt={prompt} number={number} />
          ))}
        </div>
      )}
    </li>
  );
}

function Continued({ place, prompt, number }: { place: Place; prompt: Prompt; number: number }) {
  const { t } = useTranslation('compare');
  const sourceName = useSourceName();
  const source = useCompare((state) => findSource(state.groups, state.address[place]));
  const { text, state } = prompt.continuations[place] ?? { text: '', state: 'waiting' };
  const name = source ? sourceName(source) : '';
  return (
    <section
      className={styles.side}
      data-side={place}
      aria-label={t('generate.by', { place: place.toUpperCase(), name, number })}
      aria-busy={state === 'writing'}
    >
      <div className={styles.name}>
        <Letter place={place} size="small" />
        <span>{name}</span>
        <span className={styles.state}>
          {state === 'writing' && t('generate.writing')}
          {state === 'stopped' && t('generate.stopped')}
          {state === 'done' && t('generate.length', { count: [...text].length })}
        </span>
      </div>
      {state === 'waiting' ? (
        <p className={styles.idle}>{t('generate.waiting')}</p>
      ) : (
        <p className={styles.text} data-testid={`continuation-${number}-${place}`}>
          <span className={styles.prompted}>{prompt.prompted}</span>
          {text}
          {state === 'writing' && <span className={styles.caret} aria-hidden />}
        </p>
      )}
    </section>
  );
}

type Bounds = Omit<ComponentProps<typeof NumberField>, 'label' | 'value' | 'onChange'>;

function GeneratePanel() {
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

/** What the weights write, and what they make of a text: several prompts side by side, pairs to judge blind, then one text token by token. */
export default function TextSection() {
  return (
    <>
      <GeneratePanel />
      <BlindPanel />
      <TokenPanel />
    </>
  );
}
