/** One file of everything that was measured, in the form that was asked for. */
import { version } from '../../../package.json';
import { reportHtml } from '../../report/html';
import { reportMarkdown } from '../../report/markdown';
import { createReport, reportJson } from '../../report/report';
import type { Language } from '../../i18n/start';
import { useDevice } from '../../lab/device-store';
import { lab } from '../../lab/lab';
import { saveFile } from '../../ui/save-file';
import { pickedWeights, useMeasures } from '../measures-store';
import { useCompare } from '../store';
import { collectReport } from './collect';
import { loadReportWords } from './words';

export type ReportForm = 'html' | 'markdown' | 'json';

const TYPES: Record<ReportForm, string> = { html: 'text/html', markdown: 'text/markdown', json: 'application/json' };
const EXTENSIONS: Record<ReportForm, string> = { html: 'html', markdown: 'md', json: 'json' };

/** @param language the one that comes first */
export async function writeReport(form: ReportForm, language: Language): Promise<void> {
  const { corpora, stored } = useCompare.getState();
  const { results } = useMeasures.getState();
  const { device } = useDevice.getState();
  const picked = pickedWeights();
  const id = (picked[1]?.run ?? picked[0]?.run)?.id;
  const run = id === undefined ? null : await Promise.all([lab.library.run(id), lab.library.snapshot(id)]);
  const report = createReport(
    collectReport({
      at: Date.now(),
      product: { name: 'Crossfade', version },
      device: device.kind === 'open' ? device.info : null,
      picked,
      results,
      stored,
      ownNames: new Map(corpora.filter(({ bundled }) => !bundled).map((corpus) => [corpus.id, corpus.name])),
      run: run && { record: run[0], snapshot: run[1] },
    }),
  );
  const words = form === 'json' ? [] : await loadReportWords(language);
  const text = form === 'html' ? reportHtml(report, words) : form === 'markdown' ? reportMarkdown(report, words) : reportJson(report);
  const day = new Date(report.at).toLocaleDateString('sv');
  saveFile(new Blob([text], { type: `${TYPES[form]};charset=utf-8` }), `report-${report.title}-${day}.${EXTENSIONS[form]}`);
}
