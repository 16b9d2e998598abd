/**
 * "Export to a cluster": the target, what it lacks of the recipe line by line, the hardware with the memory and hours that it takes, and the folder
 * as a zip, with the files that `npm run export` writes.
 */
import { useMemo, useState } from 'react';
import { Button, NativeSelect } from '@mantine/core';
import { Download } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import { recipeField } from '../channels/recipe-words';
import {
  estimates,
  GPU_NAMES,
  GPUS,
  hardwareOf,
  SIZE_NAMES,
  STRATEGIES,
  type Hardware,
  type HardwareInput,
} from '../core/cluster/estimate';
import {
  bundleFor,
  folderFor,
  recipeOfSource,
  targetsOf,
  textEnding,
  type Bundle,
  type ClusterSource,
  type ClusterTarget,
} from '../core/cluster/folder';
import type { Lack, LackCode } from '../core/cluster/lacks';
import { parseRecipe } from '../core/recipe/parse';
import type { ClusterFolder } from '../core/cluster/export';
import { zipFiles, type ArchivedFile } from '../core/sweep/archive';
import { useFormat } from '../i18n/format';
import { ErrorBanner } from './Banner';
import { Dialog } from './Dialog';
import { ChoiceField, NumberField } from './fields';
import { saveFile } from './save-file';
import tables from './FigureTable.module.css';
import styles from './ClusterDialog.module.css';

interface Props {
  source: ClusterSource;
  /** Of the zip. */
  name: string;
  onClose: () => void;
}

/** A file of public/ by its path there. */
async function readPublic(path: string): Promise<Uint8Array | null> {
  const response = await fetch(new URL(path, document.baseURI));
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : null;
}

/** Milliseconds of packing at a stretch. */
const STRETCH = 12;

/** Lets the page answer, now and then. */
function resting(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < STRETCH) return;
    await new Promise((resolve) => setTimeout(resolve));
    last = performance.now();
  };
}

async function* archived({ files }: ClusterFolder, bundle: Bundle, rest: () => Promise<void>): AsyncGenerator<ArchivedFile> {
  for (const [name, text] of Object.entries(files)) yield { name, text: [text] };
  for (const { path, bytes } of bundle.files) yield { name: path, text: [await bytes(rest)] };
}

export default function ClusterDialog({ source, name, onClose }: Props) {
  const { t } = useTranslation('cluster');
  const targets = targetsOf(source);
  const [target, setTarget] = useState<ClusterTarget>(targets[0]!);
  const [given, setGiven] = useState<HardwareInput>({});
  const [missing, setMissing] = useState<Bundle | null>(null);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const recipe = recipeOfSource(source);
  const made = useMemo(() => {
    try {
      // What is on the desk may be half typed.
      parseRecipe(recipe);
      return { hardware: hardwareOf(recipe, given), folder: folderFor(source, target, given), error: null };
    } catch (error) {
      return { hardware: null, folder: null, error };
    }
  }, [source, recipe, target, given]);
  const save = async () => {
    if (!made.folder) return;
    setBusy(true);
    setFault(null);
    try {
      const bundle = await bundleFor(recipe, target, readPublic);
      setMissing(bundle);
      const rest = resting();
      const zip = await zipFiles(archived(made.folder, bundle, rest), rest);
      saveFile(new Blob(zip, { type: 'application/zip' }), `${name}-${target}.zip`);
    } catch (error) {
      setFault(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog opened onClose={onClose} title={t('title')} wide>
      <div className={styles.dialog} data-testid="cluster">
        <ChoiceField
          label={t('target')}
          value={target}
          choices={targets}
          words={(one) => t(`name.${one}`)}
          onChange={(next) => setTarget(next)}
        />
        <p className={styles.note}>{t(`about.${target}`)}</p>
        <HardwareFields
          given={given}
          hardware={made.hardware ?? hardwareOf(recipe, given.size ? { size: given.size } : {})}
          onChange={(next) => {
            setGiven(next);
            setMissing(null);
          }}
        />
        {made.error !== null && <ErrorBanner error={made.error} />}
        {made.folder && made.hardware && (
          <>
            <Lacks lacks={made.folder.lacks} target={target} />
            <Estimates source={source} hardware={made.hardware} />
          </>
        )}
        {fault !== null && <ErrorBanner error={fault} />}
        {missing && (missing.missing.length > 0 || !missing.hasBase) && (
          <ul className={styles.bring} role="status">
            {missing.missing.map((channel) => (
              <li key={channel}>{t('bring.text', { channel, ending: textEnding(target) })}</li>
            ))}
            {!missing.hasBase && <li>{t('bring.base', { base: recipe.base })}</li>}
          </ul>
        )}
        <div className={styles.buttons}>
          <code className={styles.command}>{commandOf(source, target, given)}</code>
          <Button leftSection={<Download size={15} />} loading={busy} disabled={!made.folder} onClick={() => void save()}>
            {t('save')}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

/** What the command line is told for the same files. */
function commandOf({ kind }: ClusterSource, target: ClusterTarget, { size, gpu, gpus, rows, rowsPerGpu, strategy }: HardwareInput): string {
  const options = { size, gpu: gpu && `"${gpu}"`, gpus, rows, 'rows-per-gpu': rowsPerGpu, strategy };
  const told = Object.entries(options).flatMap(([option, value]) => (value === undefined ? [] : [` --${option} ${value}`]));
  return `npm run export -- ${kind}.json --to ${target} --out folder${told.join('')}`;
}

interface HardwareFieldsProps {
  given: HardwareInput;
  /** What is not given is as here. */
  hardware: Hardware;
  onChange: (given: HardwareInput) => void;
}

const OWN = 'own';

/** A size fills the rest from the table; what is typed stays until another size is chosen. */
function HardwareFields({ given, hardware, onChange }: HardwareFieldsProps) {
  const { t } = useTranslation('cluster');
  const set = (change: HardwareInput) => onChange({ ...given, ...change });
  return (
    <div className={styles.hardware} role="group" aria-label={t('hardware.title')}>
      <NativeSelect
        size="xs"
        label={t('hardware.size')}
        value={given.size ?? OWN}
        onChange={(event) => {
          const size = SIZE_NAMES.find((one) => one === event.currentTarget.value);
          const { gpu, gpus } = given;
          onChange({ ...(size ? { size } : {}), ...(gpu ? { gpu } : {}), ...(gpus ? { gpus } : {}) });
        }}
        data={[{ value: OWN, label: t('hardware.own') }, ...SIZE_NAMES.map((size) => ({ value: size, label: size }))]}
      />
      <ChoiceField
        label={t('hardware.gpu')}
        value={given.gpu ?? GPU_NAMES[0]!}
        choices={GPU_NAMES}
        words={(one) => one}
        onChange={(gpu) => set({ gpu })}
      />
      <NumberField
        label={t('hardware.gpus')}
        value={given.gpus ?? hardware.gpus}
        min={1}
        max={4096}
        integer
        onChange={(gpus) => set({ gpus })}
      />
      <NumberField
        label={t('hardware.rows')}
        value={given.rows ?? hardware.rows}
        min={1}
        max={65536}
        integer
        onChange={(rows) => set({ rows })}
      />
      <NumberField
        label={t('hardware.rowsPerGpu')}
        value={given.rowsPerGpu ?? hardware.rowsPerGpu}
        min={1}
        max={4096}
        integer
        onChange={(rowsPerGpu) => set({ rowsPerGpu })}
      />
      <ChoiceField
        label={t('hardware.strategy')}
        value={given.strategy ?? hardware.strategy}
        choices={STRATEGIES}
        words={(one) => t(`strategy.${one}`)}
        onChange={(strategy) => set({ strategy })}
      />
    </div>
  );
}

/** What these are about is the target, not a value of the recipe. */
const OF_TARGET: readonly LackCode[] = ['liveChange', 'channelLoss'];

/** Of several fields of the recipe together. */
const OWN_FIELDS = { 'channels.share': 'share', 'channels.weight': 'weight', 'batchSize × gradientAccumulationSteps': 'rows' } as const;

function Lacks({ lacks, target }: { lacks: readonly Lack[]; target: ClusterTarget }) {
  const { t } = useTranslation('cluster');
  const { t: common } = useTranslation();
  const tag = useChannelTag();
  const nameOf = (path: string): string => {
    if (path in OWN_FIELDS) return t(`field.${OWN_FIELDS[path as keyof typeof OWN_FIELDS]}`);
    const field = recipeField(path);
    if (!field) return path;
    return field.channel === null ? common(field.key) : common(field.key, { channel: tag(field.channel) });
  };
  const title = t('lacks.title', { target: t(`name.${target}`) });
  return (
    <section aria-label={title}>
      <h3 className={styles.heading}>{title}</h3>
      {lacks.length === 0 ? (
        <p className={styles.note}>{t('lacks.none')}</p>
      ) : (
        <ul className={styles.lacks} data-testid="lacks">
          {lacks.map(({ field, value, code }) => (
            <li key={`${field} ${code}`}>
              {!OF_TARGET.includes(code) && (
                <b>
                  {nameOf(field)} <code>{value}</code>
                  {t('lacks.colon')}{' '}
                </b>
              )}
              {t(`lack.${code}`)}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Memory of a GPU and hours for each size; what does not fit is said in words too. */
function Estimates({ source, hardware }: { source: ClusterSource; hardware: Hardware }) {
  const { t } = useTranslation('cluster');
  const format = useFormat();
  const { sequenceLength: context, budget } = recipeOfSource(source);
  const { gpu, gpus, rows, size: chosen } = hardware;
  const table = estimates({ context, rows, steps: budget.steps }, hardware);
  const cell = (gib: number) =>
    gib > GPUS[gpu].memory ? (
      <s title={t('estimate.tooMuch', { gpu })} aria-label={`${format.decimal(gib, 0)}: ${t('estimate.tooMuch', { gpu })}`}>
        {format.decimal(gib, 0)}
      </s>
    ) : (
      format.decimal(gib, 0)
    );
  return (
    <div>
      <h3 className={styles.heading}>{t('estimate.title')}</h3>
      <div className={tables.scroll} tabIndex={0} role="region" aria-label={t('estimate.title')}>
        <table className={tables.table}>
          <thead>
            <tr>
              <th scope="col">{t('estimate.model')}</th>
              <th scope="col">{t('hardware.rowsPerGpu')}</th>
              {(['ddp', 'zero2', 'zero3'] as const).map((strategy) => (
                <th scope="col" key={strategy}>
                  {t('estimate.memory', { strategy: strategy === 'zero3' ? 'ZeRO-3, FSDP' : t(`strategy.${strategy}`) })}
                </th>
              ))}
              <th scope="col">{t('estimate.hours')}</th>
            </tr>
          </thead>
          <tbody>
            {table.map(({ size, rows: own, memory, hours }) => (
              <tr key={size} aria-current={size === chosen ? 'true' : undefined} className={size === chosen ? styles.chosen : undefined}>
                <th scope="row">{size}</th>
                <td>{own}</td>
                <td>{cell(memory.ddp)}</td>
                <td>{cell(memory.zero2)}</td>
                <td>{cell(memory.zero3)}</td>
                <td>{hours < 0.1 ? '< 0.1' : format.decimal(hours, 1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className={styles.note}>
        {t('estimate.note', {
          gpus: format.count(gpus),
          gpu,
          flops: format.decimal(GPUS[gpu].flops / 1e12, 0),
          steps: format.count(budget.steps),
          rows: format.count(rows),
          tokens: format.count(context),
        })}
      </p>
    </div>
  );
}
