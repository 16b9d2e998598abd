/** What the import of a model told, a sentence each. */
import { Info } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { ModelNotice } from '../core/model/notices';
import { useTokenizerNotice } from '../i18n/tokenizer-notice';
import styles from './Models.module.css';

export function ModelNotices({ notices }: { notices: readonly ModelNotice[] }) {
  const { t } = useTranslation('models');
  const tokenizerNotice = useTokenizerNotice();
  const sentence = (notice: ModelNotice): string => {
    switch (notice.kind) {
      case 'unknown-fields':
      case 'dropout-rates':
        return t(`notice.${notice.kind}`, { fields: notice.fields.join(', ') });
      case 'unused-tensors': {
        const names = notice.names.join(', ') + (notice.count > notice.names.length ? ', …' : '');
        return t('notice.unused-tensors', { count: notice.count, names });
      }
      case 'architecture':
        return t('notice.architecture', notice);
      case 'quantization-left':
        return t('notice.quantization-left', notice);
      case 'gguf':
        return t(notice.dequantised ? 'notice.gguf-quantised' : 'notice.gguf', notice);
      case 'gguf-split-unsaid':
        return t('notice.gguf-split-unsaid');
      case 'name-prefix':
        return t('notice.name-prefix', notice);
      default:
        return tokenizerNotice(notice);
    }
  };
  return (
    <ul className={styles.notices}>
      {notices.map((notice) => (
        <li key={notice.kind}>
          <Info size={14} aria-hidden />
          <span>{sentence(notice)}</span>
        </li>
      ))}
    </ul>
  );
}
