/** The report's languages: texts of both, whichever the page speaks, and their number formats. */
import { createWords, type ReportTexts, type ReportWords } from '../../report/words';
import { createFormat } from '../../i18n/format';
import { LANGUAGES, type Language } from '../../i18n/start';

const TAGS: Record<Language, string> = { en: 'en', zh: 'zh-CN' };
const files = import.meta.glob<ReportTexts>('../../i18n/{en,zh}/{report,common,desk,diagnosis,measures}.json', { import: 'default' });

/** @param first the language that the report opens in */
export function loadReportWords(first: Language): Promise<ReportWords[]> {
  const order = [first, ...LANGUAGES.filter((language) => language !== first)];
  return Promise.all(
    order.map(async (language) => {
      const [report, common, desk, diagnosis, measures] = await Promise.all(
        ['report', 'common', 'desk', 'diagnosis', 'measures'].map((name) => files[`../../i18n/${language}/${name}.json`]!()),
      );
      return createWords(
        TAGS[language],
        reportTexts({ report: report!, common: common!, desk: desk!, diagnosis: diagnosis!, measures: measures! }),
        createFormat(language),
      );
    }),
  );
}

/** What the pages have words for already, the report takes from them. */
export function reportTexts(pages: Record<'report' | 'common' | 'desk' | 'diagnosis' | 'measures', ReportTexts>): ReportTexts {
  const { report, common, desk, diagnosis } = pages;
  const probes = pages.measures['probes'] as ReportTexts;
  return {
    ...report,
    state: common['state']!,
    stopReason: common['stopReason']!,
    role: common['role']!,
    channel: common['corpora']!,
    reading: desk['reading']!,
    finding: diagnosis['finding']!,
    advice: diagnosis['advice']!,
    group: probes['group']!,
  };
}
