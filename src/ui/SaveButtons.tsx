/** Controls that save a chart: as a picture, or its figures. */
import { useRef, useState } from 'react';
import { ActionIcon, Button, Menu } from '@mantine/core';
import { Download } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ErrorBanner } from './Banner';
import { saveFile, savePicture } from './save-file';

type PictureForm = 'SVG' | 'PNG';

interface SaveButtonsProps {
  /** Of the group, and of a button in it. */
  label: string;
  labelOf: (form: PictureForm) => string;
  /** Of the file, without its ending. */
  name: string;
  /** A whole SVG document; null while there is nothing to save. */
  draw: (() => string) | null;
  className: string | undefined;
  small?: boolean;
  /** Null when a save begins. */
  onFault: (fault: unknown) => void;
  children?: React.ReactNode;
}

export function SaveButtons({ label, labelOf, name, draw, className, small = false, onFault, children }: SaveButtonsProps) {
  return (
    <span className={className} role="group" aria-label={label}>
      {children}
      {(['SVG', 'PNG'] as const).map((form) => (
        <Button
          key={form}
          size={small ? 'compact-xs' : 'xs'}
          variant="default"
          leftSection={<Download size={small ? 12 : 13} />}
          aria-label={labelOf(form)}
          disabled={!draw}
          onClick={() => {
            onFault(null);
            savePicture(draw!(), form === 'SVG' ? 'svg' : 'png', name).catch(onFault);
          }}
        >
          {form}
        </Button>
      ))}
    </span>
  );
}

/** A chart's figures: a name a column, a value a cell. */
interface ChartTable {
  columns: readonly string[];
  rows: readonly (readonly (string | number | null)[])[];
}

interface SaveChartProps {
  title: string;
  /** Of the file, without its ending. */
  name: string;
  /** Called when figures are asked for. */
  table: () => ChartTable;
}

const FORMS = ['png', 'svg', 'csv', 'json'] as const;

/** A menu that saves the chart that it stands in (its nearest `data-chart`), as it is seen, or its figures. */
export function SaveChart({ title, name, table }: SaveChartProps) {
  const { t } = useTranslation();
  const [fault, setFault] = useState<unknown>(null);
  const button = useRef<HTMLButtonElement>(null);
  const save = async (form: (typeof FORMS)[number]) => {
    setFault(null);
    if (form === 'png' || form === 'svg') {
      const chart = button.current?.closest<HTMLElement>('[data-chart]');
      if (chart) await savePicture((await import('./picture-of')).pictureOf(chart, title), form, name);
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
            size={26}
            aria-label={t('saveChart.label', { title })}
            title={t('saveChart.label', { title })}
          >
            <Download size={13} />
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
