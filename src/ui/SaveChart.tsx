/** A menu that saves a chart: as a picture, or its figures. */
import { useRef, useState } from 'react';
import { ActionIcon, Menu } from '@mantine/core';
import { Download } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ErrorBanner } from './Banner';
import { saveFile, savePicture } from './save-file';

/** A chart's figures: a name a column, a value a cell. */
export interface ChartTable {
  columns: readonly string[];
  rows: readonly (readonly (string | number | null)[])[];
}

interface SaveChartProps {
  title: string;
  /** Of the file, without its ending. */
  name: string;
  /** Called when figures are asked for. */
  table: () => ChartTable;
  /** A whole SVG document on paper, of a chart that has one; else the chart is taken as it is seen. */
  draw?: (() => string) | undefined;
  /** Pixels of the button. */
  size?: number;
}

const FORMS = ['png', 'svg', 'csv', 'json'] as const;

/** A menu that saves the chart that it stands in (its nearest `data-chart`), as it is seen, or its figures. */
export function SaveChart({ title, name, table, draw, size = 26 }: SaveChartProps) {
  const { t } = useTranslation();
  const [fault, setFault] = useState<unknown>(null);
  const button = useRef<HTMLButtonElement>(null);
  const save = async (form: (typeof FORMS)[number]) => {
    setFault(null);
    if (form === 'png' || form === 'svg') {
      const chart = button.current?.closest<HTMLElement>('[data-chart]');
      const picture = draw ? draw() : chart && (await import('./picture-of')).pictureOf(chart, title);
      if (picture) await savePicture(picture, form, name);
      return;
    }
    const { columns, rows } = table();
    const { csvLine } = await import('../core/sweep/columns');
    const text =
      form === 'csv'
        ? [columns, ...rows].map(csvLine).join('')
        : JSON.stringify(
            rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null]))),
            null,
            2,
          );
    saveFile(new Blob([text], { type: form === 'csv' ? 'text/csv' : 'application/json' }), `${name}.${form}`);
  };
  return (
    <span data-no-picture>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon
            ref={button}
            variant="default"
            size={size}
            aria-label={t('saveChart.label', { title })}
            title={t('saveChart.label', { title })}
          >
            <Download size={size / 2} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {FORMS.map((form) => (
            <Menu.Item key={form} onClick={() => void save(form).catch(setFault)}>
              {t(`saveChart.${form}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {fault !== null && <ErrorBanner error={fault} onDismiss={() => setFault(null)} />}
    </span>
  );
}
