/** The forms in which structured texts are read: an example of each kind, and a file to begin from. */
import { Button } from '@mantine/core';
import { Download } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { RecordKind } from '../../core/corpus/records';
import { saveFile } from '../../ui/save-file';
import styles from './Ingest.module.css';

const asked = (content: string) => ({ role: 'user', content });
const answered = (content: string) => ({ role: 'assistant', content });

/** Rows of each kind, in the forms that data sets have. */
const EXAMPLES: Record<RecordKind, readonly object[]> = {
  conversations: [
    { messages: [asked('What is fever?'), answered('A raised body temperature.')] },
    {
      conversations: [
        { from: 'human', value: '何为贫血？' },
        { from: 'gpt', value: '血红蛋白过少。' },
      ],
      system: '你是医生。',
    },
    { instruction: 'Translate into Chinese', input: 'disease', output: '病' },
    { prompt: 'What is a rash?', completion: 'A change of the skin.' },
  ],
  preferences: [
    { prompt: 'What is fever?', chosen: 'A raised body temperature.', rejected: 'A kind of rash.', margin: 1 },
    {
      chosen: [asked('何为贫血？'), answered('血红蛋白过少。')],
      rejected: [asked('何为贫血？'), answered('体温升高。')],
    },
  ],
  labelled: [
    { text: 'Fever and cough since Monday.', label: 'internal medicine' },
    { text: '前臂骨折，肿胀三天。', label: 'surgery' },
  ],
  prompts: [{ prompt: 'Name a disease.' }, { problem: '1 + 1 = ?', solution: '2' }],
};
const KINDS = Object.keys(EXAMPLES) as RecordKind[];

const linesOf = (kind: RecordKind): string => EXAMPLES[kind].map((row) => JSON.stringify(row)).join('\n');

export default function RecordFormats() {
  const { t } = useTranslation('corpus');
  return (
    <div data-testid="record-formats">
      <p className={styles.dim}>{t('formats.help')}</p>
      {KINDS.map((kind) => (
        <section key={kind} aria-label={t(`recordKind.${kind}`)}>
          <h4>{t(`recordKind.${kind}`)}</h4>
          <p className={styles.dim}>{t(`formats.${kind}`)}</p>
          <pre className={styles.example} tabIndex={0} aria-label={t('formats.example', { kind: t(`recordKind.${kind}`) })}>
            {linesOf(kind)}
          </pre>
          <Button
            size="xs"
            variant="default"
            leftSection={<Download size={14} />}
            onClick={() => saveFile(new Blob([`${linesOf(kind)}\n`], { type: 'application/jsonl' }), `${kind}.jsonl`)}
          >
            {t('formats.save', { file: `${kind}.jsonl` })}
          </Button>
        </section>
      ))}
    </div>
  );
}
