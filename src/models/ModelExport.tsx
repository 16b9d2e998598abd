/** A base model, bundled or imported, as a zip or a folder that transformers loads. */
import { useTranslation } from 'react-i18next';
import type { ExportType } from '../contract/run';
import type { ModelRecord } from '../contract/library';
import { Dialog } from '../ui/Dialog';
import { ExportForm } from '../ui/ExportForm';
import { useModelExport, useModels } from './store';
import styles from './Models.module.css';

/** Of `torch_dtype` or `dtype` in config.json: the type that the weights have already. */
const STORED: Readonly<Record<string, ExportType>> = { float16: 'F16', bfloat16: 'BF16' };

export function ModelExport() {
  const { t } = useTranslation('models');
  const exporting = useModelExport();
  const model = useModels((state) => state.models.find(({ id }) => id === exporting.target));
  return (
    <Dialog opened={model !== undefined} onClose={exporting.end} title={t('export.title', { name: model?.name ?? '' })}>
      {model && (
        <ExportForm key={model.id} exporting={exporting} type={storedType(model)} optionsOf={(dtype) => dtype}>
          <p className={styles.dim}>{t('export.text')}</p>
        </ExportForm>
      )}
    </Dialog>
  );
}

function storedType({ config }: ModelRecord): ExportType {
  return STORED[String(config['dtype'] ?? config['torch_dtype'])] ?? 'F32';
}
