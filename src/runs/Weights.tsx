/** Weights of a run that was trained elsewhere: brought in from a checkpoint's folder, and what is compared with them. */
import { useEffect, useState } from 'react';
import { Button } from '@mantine/core';
import { Columns2, FileBox } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { ModelRecord } from '../contract/library';
import type { RunRecord } from '../core/run/types';
import { useFormat } from '../i18n/format';
import { lab } from '../lab/lab';
import { askToKeep } from '../lab/storage-store';
import { NumberField } from '../ui/fields';
import { ImportForm } from '../ui/ImportForm';
import { createImportStore } from '../ui/import-store';
import { stepOfPath, weightFiles } from './run-facts';
import styles from './RunDetail.module.css';

/** The run that the form is open for, and the step that is asked for. */
let target = { run: '', step: 0 };

const useWeights = createImportStore<ModelRecord>({
  choose: (files) => weightFiles(files),
  propose: (_, { files }) => files[0]?.path.split('/')[0]?.slice(0, 60) ?? '',
  async run(files, name, onProgress) {
    await askToKeep();
    return lab.library.importRunWeights(target.run, target.step, files, name, onProgress);
  },
  after: async () => undefined,
  cancel: () => lab.library.cancel('import'),
});

export default function Weights({ run }: { run: RunRecord }) {
  const { t } = useTranslation('follow');
  const { t: models } = useTranslation('models');
  const format = useFormat();
  const importing = useWeights();
  const [all, setAll] = useState<readonly ModelRecord[]>([]);
  const [typed, setTyped] = useState<number | null>(null);
  const [wanted, setWanted] = useState(false);
  const [found, setFound] = useState<number | null>(null);
  const step = typed ?? found ?? run.step;
  const { made, reset } = importing;
  useEffect(() => reset, [reset]);
  useEffect(() => {
    let open = true;
    void lab.library.models().then((known) => open && setAll(known));
    return () => {
      open = false;
    };
  }, [made]);
  const own = all.filter(({ keptFrom }) => keptFrom?.run === run.id).sort((one, other) => one.keptFrom!.step - other.keptFrom!.step);
  const base = all.find(({ id }) => id === run.recipe.base);
  const compared = (id: string) => `/compare?${base ? `a=model:${encodeURIComponent(base.id)}&b=` : 'a='}model:${encodeURIComponent(id)}`;
  return (
    <>
      {own.length > 0 && (
        <ul className={styles.checkpoints} aria-label={t('weights.own')}>
          {own.map(({ id, name, keptFrom, createdAt }) => (
            <li key={id}>
              <b>{t('weights.step', { step: format.count(keptFrom!.step) })}</b>
              <span className={styles.dim}>
                {name} · {format.dateTime(createdAt)}
              </span>
              <Link href={compared(id)} aria-label={t('weights.compareStep', { step: format.count(keptFrom!.step) })}>
                <Columns2 size={13} aria-hidden /> {t('weights.compare')}
              </Link>
            </li>
          ))}
        </ul>
      )}
      {!wanted && (
        <Button size="xs" variant="default" leftSection={<FileBox size={13} />} onClick={() => setWanted(true)}>
          {t('weights.open')}
        </Button>
      )}
      {wanted && (
        <ImportForm
          importing={{
            ...importing,
            take(files, taken) {
              setFound(taken.files.map(({ path }) => stepOfPath(path)).find((one) => one !== null) ?? null);
              importing.take(files, taken);
            },
          }}
          words={{
            title: t('weights.title'),
            drop: t('weights.drop'),
            hint: t('weights.hint', { base: base?.name ?? run.recipe.base }),
            pick: models('import.pick'),
            pickFolder: models('import.pickFolder'),
            forget: models('import.forget'),
            name: models('import.name'),
            namePlaceholder: run.name,
            run: models('import.run'),
          }}
          accept=".json,.safetensors,.bin,.gguf,.zip,.md,.jinja,.txt"
          fileIcon={<FileBox size={15} aria-hidden />}
          summary={(count, bytes) => models('import.files', { count, bytes: format.bytes(bytes) })}
          onSubmit={() => {
            target = { run: run.id, step };
            void importing.submit();
          }}
          fields={<NumberField label={t('weights.at')} value={step} min={0} max={1e9} integer onChange={setTyped} />}
          done={({ name }) => t('weights.done', { name })}
        />
      )}
    </>
  );
}
