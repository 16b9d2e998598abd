import { useTranslation } from 'react-i18next';
import { PageHead } from '../ui/PageHead';

export default function Page() {
  const { t } = useTranslation('corpus');
  return <PageHead title={t('title')} />;
}
