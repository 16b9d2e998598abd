/** One prompt and what A, B and the third wrote on from it. */
import { ActionIcon, Textarea } from '@mantine/core';
import { Trash2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Letter } from '../Letter';
import { PLACES } from '../letters';
import { useSourceName } from '../names';
import { findSource } from '../sources';
import { useCompare, type Place } from '../store';
import { useGeneration, type Prompt } from './generation-store';
import styles from './Generate.module.css';

interface Props {
  prompt: Prompt;
  /** From 1. */
  number: number;
  busy: boolean;
  removable: boolean;
}

export function PromptCard({ prompt, number, busy, removable }: Props) {
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
