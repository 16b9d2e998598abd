/** What the views of a sweep's runs have in common: what they are given, a column to choose, a still picture, and the picture as a file. */
import { memo, useState } from 'react';
import { NativeSelect } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { svgMarkup, type SvgNode } from '../../charts/svg';
import type { Column } from '../../core/sweep/columns';
import { ErrorBanner } from '../../ui/Banner';
import { SaveButtons } from '../../ui/SaveButtons';
import type { RunChoice } from './Explore';
import type { ColumnWords } from '../../channels/column-words';
import type { PictureStyle } from './pictures';
import styles from './Explore.module.css';

/** Of a picture as a file. */
export const FILE: PictureStyle = { paper: true, width: 960, height: 600, fontSize: 13 };
export const FONT = 12;

interface SaveProps {
  title: string;
  name: string;
  /** The picture on paper; null while there is none. */
  draw: (() => string) | null;
}

/** Saves a picture as SVG or PNG. */
export function SaveView({ title, name, draw }: SaveProps) {
  const { t } = useTranslation('explore');
  const [fault, setFault] = useState<unknown>(null);
  return (
    <>
      <SaveButtons
        className={styles.save}
        label={t('save', { title })}
        labelOf={(form) => t('saveAs', { title, form })}
        name={name}
        draw={draw}
        onFault={setFault}
      />
      {fault !== null && <ErrorBanner error={fault} onDismiss={() => setFault(null)} />}
    </>
  );
}

interface PickerProps {
  label: string;
  columns: readonly Column[];
  words: ColumnWords;
  value: string;
  none?: string;
  onChange(id: string): void;
}

export function ColumnPicker({ label, columns, words, value, none, onChange }: PickerProps) {
  const data = columns.map((column) => ({ value: column.id, label: words.name(column) }));
  return (
    <NativeSelect
      size="xs"
      label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      data={none === undefined ? data : [{ value: '', label: none }, ...data]}
    />
  );
}

/** What the views share. */
export interface ViewProps {
  columns: readonly Column[];
  rows: readonly number[];
  words: ColumnWords;
  colour: Column | null;
  choice: RunChoice;
  nameOf: (row: number) => string;
  fileName: string;
}

export const isNumber = ({ type }: Column) => type === 'number';

/** An axis whose numbers are all above 0 can be drawn in logarithms. */
export const canLog = (column: Column | undefined) =>
  column !== undefined && isNumber(column) && column.values.every((value) => value === null || (typeof value === 'number' && value > 0));

/**
 * A still picture with hundreds of marks, written as markup: as elements of React's it would keep the page from answering some ten times as
 * long. What is text in it is escaped.
 */
export const StillPicture = memo(function StillPicture({ picture }: { picture: SvgNode }) {
  return <div className={styles.still} dangerouslySetInnerHTML={{ __html: svgMarkup(picture) }} />;
});
