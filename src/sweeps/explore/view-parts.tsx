/** What the views of a sweep's runs have in common: what they are given, a column to choose, a still picture, and figures to save. */
import { memo, useLayoutEffect, useRef } from 'react';
import { NativeSelect } from '@mantine/core';
import { rounded, type SvgNode } from '../../charts/svg';
import type { Column } from '../../core/sweep/columns';
import type { RunChoice } from './Explore';
import type { ColumnWords } from '../../channels/column-words';
import type { PictureStyle } from './pictures';
import styles from './Explore.module.css';

/** Of a picture as a file. */
export const FILE: PictureStyle = { paper: true, width: 960, height: 600, fontSize: 13 };
export const FONT = 12;

/** Of the runs in sight, as a view's menu saves them: the columns that it shows. */
export const figuresOf = (shown: readonly Column[], rows: readonly number[], nameOf: (row: number) => string) => ({
  columns: ['run', ...shown.map(({ id }) => id)],
  rows: rows.map((row) => [nameOf(row), ...shown.map(({ values }) => values[row] ?? null)]),
});

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

function elementOf({ tag, attributes, children }: SvgNode): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) element.setAttribute(name, String(typeof value === 'number' ? rounded(value) : value));
  element.append(...children.map((child) => (typeof child === 'string' ? child : elementOf(child))));
  return element;
}

/** A still picture with hundreds of marks, made without React, which would keep the page from answering several times as long. */
export const StillPicture = memo(function StillPicture({ picture }: { picture: SvgNode }) {
  const host = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => host.current?.replaceChildren(elementOf(picture)), [picture]);
  return <div className={styles.still} ref={host} />;
});
