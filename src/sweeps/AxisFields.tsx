/** One axis of a plan: which field of the recipe varies, and over which values. What is refused of it stands below it. */
import { useMemo } from 'react';
import { ActionIcon, Button, Chip, SegmentedControl, Select, TextInput } from '@mantine/core';
import { Plus, Trash2, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ChannelTag } from '../channels/channel';
import { sharesOf } from '../core/recipe/edits';
import type { Recipe } from '../core/recipe/schema';
import { ChoiceField } from '../ui/fields';
import { useFieldName, useValueText, type SweepField } from './fields';
import { editAxis, editDraft, newAxis, useDraft, writeNumber, type DraftAxis } from './plan-draft';
import styles from './Sweeps.module.css';

interface Props {
  axis: DraftAxis;
  at: number;
  base: Recipe;
  fields: readonly SweepField[];
  /** Why it is refused, in words. */
  refusal: string | null;
}

/** Value of the picker for whole mixtures, which are no field. */
const MIXTURES = 'mixture';

export function AxisFields({ axis, at, base, fields, refusal }: Props) {
  const { t } = useTranslation('sweeps');
  const name = useFieldName();
  const value = useValueText();
  const number = at + 1;
  const options = useMemo(
    () => [
      ...fields.map(({ path }) => {
        const words = name(path);
        return { value: path, label: words === path ? path : `${words} · ${path}` };
      }),
      { value: MIXTURES, label: t('axis.mixtures') },
    ],
    [fields, name, t],
  );
  const field = fields.find(({ path }) => path === axis.field);
  const choose = (path: string) => {
    if (path === MIXTURES) {
      const shares = Object.fromEntries(Object.entries(sharesOf(base)).map(([id, share]) => [id, writeNumber(share)]));
      editAxis(at, { field: '', kind: 'mixtures', mixtures: axis.mixtures.length > 0 ? axis.mixtures : [shares, { ...shares }] });
      return;
    }
    const chosen = fields.find((one) => one.path === path);
    editAxis(at, {
      ...newAxis(path, typeof chosen?.base === 'number' ? chosen.base : null),
      choices: chosen?.kind === 'choice' ? [...chosen.choices] : [],
    });
  };
  const remove = () => {
    const { draft } = useDraft.getState();
    if (draft) editDraft({ axes: draft.axes.filter((_, index) => index !== at) });
  };
  return (
    <fieldset className={styles.axis} data-refused={refusal !== null || undefined} data-testid="axis">
      <legend>{t('axis.title', { number })}</legend>
      <div className={styles.axisHead}>
        <Select
          size="xs"
          className={styles.grow ?? ''}
          label={t('axis.field')}
          data={options}
          value={axis.kind === 'mixtures' ? MIXTURES : axis.field || null}
          onChange={(path) => path !== null && choose(path)}
          searchable
          allowDeselect={false}
          nothingFoundMessage={t('axis.noField')}
          placeholder={t('axis.search')}
          // Mantine's scroll area puts a focusable box between the list and its options, which hides them from a reader.
          withScrollArea={false}
          classNames={{ dropdown: styles.dropdown ?? '' }}
        />
        <ActionIcon variant="subtle" color="gray" size={30} aria-label={t('axis.remove', { number })} onClick={remove}>
          <Trash2 size={14} />
        </ActionIcon>
      </div>
      {axis.kind === 'mixtures' ? (
        <Mixtures axis={axis} at={at} base={base} />
      ) : field?.kind === 'choice' ? (
        <Choices axis={axis} at={at} field={field} />
      ) : (
        <Numbers axis={axis} at={at} />
      )}
      {field && field.base !== null && axis.kind !== 'mixtures' && (
        <p className={styles.note}>{t('axis.base', { value: value(field.path, field.base) })}</p>
      )}
      {refusal !== null && (
        <p role="alert" className={styles.refusal}>
          {refusal}
        </p>
      )}
    </fieldset>
  );
}

function Choices({ axis, at, field }: Pick<Props, 'axis' | 'at'> & { field: SweepField }) {
  const { t } = useTranslation('sweeps');
  const value = useValueText();
  return (
    <Chip.Group
      multiple
      value={axis.choices.map(String)}
      onChange={(chosen) => editAxis(at, { choices: field.choices.filter((one) => chosen.includes(String(one))) })}
    >
      <div className={styles.presets} role="group" aria-label={t('axis.values')}>
        {field.choices.map((one) => (
          <Chip key={String(one)} value={String(one)} size="xs">
            {value(field.path, one)}
          </Chip>
        ))}
      </div>
    </Chip.Group>
  );
}

function Numbers({ axis, at }: Pick<Props, 'axis' | 'at'>) {
  const { t } = useTranslation('sweeps');
  const field = (key: 'low' | 'high' | 'points') => (
    <TextInput
      size="xs"
      label={t(`axis.${key}`)}
      value={axis[key]}
      onChange={(event) => editAxis(at, { [key]: event.currentTarget.value })}
    />
  );
  return (
    <>
      <SegmentedControl
        size="xs"
        aria-label={t('axis.form')}
        value={axis.kind}
        onChange={(kind) => editAxis(at, { kind })}
        data={(['values', 'factors', 'range'] as const).map((kind) => ({ value: kind, label: t(`axis.kind.${kind}`) }))}
      />
      {axis.kind === 'range' ? (
        <div className={styles.fields}>
          {field('low')}
          {field('high')}
          <ChoiceField
            label={t('axis.scale')}
            value={axis.scale}
            choices={['uniform', 'log-uniform', 'integer'] as const}
            words={(scale) => t(`axis.scales.${scale}`)}
            onChange={(scale) => editAxis(at, { scale })}
          />
          {field('points')}
        </div>
      ) : (
        <TextInput
          size="xs"
          label={t(axis.kind === 'factors' ? 'axis.factors' : 'axis.values')}
          description={t('axis.numbersHelp')}
          inputWrapperOrder={['label', 'input', 'description']}
          value={axis.text}
          onChange={(event) => editAxis(at, { text: event.currentTarget.value })}
        />
      )}
    </>
  );
}

function Mixtures({ axis, at, base }: Pick<Props, 'axis' | 'at' | 'base'>) {
  const { t } = useTranslation('sweeps');
  const change = (row: number, id: string, share: string) =>
    editAxis(at, { mixtures: axis.mixtures.map((mixture, index) => (index === row ? { ...mixture, [id]: share } : mixture)) });
  return (
    <div className={styles.scroll} role="region" tabIndex={0} aria-label={t('axis.mixtures')}>
      <table className={styles.mixtures}>
        <thead>
          <tr>
            {base.channels.map(({ id, corpus }) => (
              <th key={id} scope="col">
                <ChannelTag id={id} corpus={corpus} />
              </th>
            ))}
            <td />
          </tr>
        </thead>
        <tbody>
          {axis.mixtures.map((mixture, row) => (
            <tr key={row}>
              {base.channels.map(({ id }) => (
                <td key={id}>
                  <TextInput
                    size="xs"
                    aria-label={t('axis.shareOf', { channel: id, row: row + 1 })}
                    value={mixture[id] ?? '0'}
                    onChange={(event) => change(row, id, event.currentTarget.value)}
                  />
                </td>
              ))}
              <td>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size={26}
                  aria-label={t('axis.removeMixture', { row: row + 1 })}
                  onClick={() => editAxis(at, { mixtures: axis.mixtures.filter((_, index) => index !== row) })}
                >
                  <X size={13} />
                </ActionIcon>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<Plus size={12} />}
        onClick={() => editAxis(at, { mixtures: [...axis.mixtures, { ...(axis.mixtures.at(-1) ?? {}) }] })}
      >
        {t('axis.addMixture')}
      </Button>
    </div>
  );
}
