/** An error as two sentences in the person's language: what happened, and what to do. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { errorRecord, UNREADABLE_LINK, type ErrorRecord } from '../core/errors';
import { useFormat } from './format';

export interface ErrorText {
  what: string;
  advice: string;
}

const BYTE_VALUES: ReadonlySet<string> = new Set(['bytes', 'limit', 'available', 'packed', 'total']);
const ALL_VALUES = [
  ...[
    'file',
    'detail',
    'field',
    'value',
    'accepted',
    'tokenizerSize',
    'modelSize',
    'tensor',
    'found',
    'expected',
    'wanted',
    'bytes',
    'limit',
  ],
  ...[
    'host',
    'repository',
    'revision',
    'folder',
    'entry',
    'packed',
    'total',
    'most',
    'claimed',
    'shape',
    'dtype',
    'other',
    'byte',
    'size',
    'begins',
    'read',
  ],
  ...['channel', 'tokens', 'needed', 'available', 'run', 'step', 'loss', 'norm', 'backend', 'worker', 'url', 'status', 'row', 'column'],
];

function isErrorRecord(value: unknown): value is ErrorRecord {
  return typeof value === 'object' && value !== null && !(value instanceof Error) && 'code' in value && 'values' in value;
}

const itself = (id: string): string => id;

/**
 * Accepts a thrown value as well as a stored ErrorRecord. A value that the error lacks reads "?".
 * @param channelName the shown name of a channel (`useChannelTag`), where an error may name one
 */
export function useErrorText(channelName: (id: string) => string = itself): (error: unknown) => ErrorText {
  const { t, i18n } = useTranslation('errors');
  const format = useFormat();
  return useCallback(
    (error) => {
      const { code, values } = isErrorRecord(error) ? error : errorRecord(error);
      const shown: Record<string, unknown> = Object.fromEntries(ALL_VALUES.map((name) => [name, '?']));
      for (const [name, value] of Object.entries(values)) {
        const inBytes = BYTE_VALUES.has(name) || (code === 'quota' && name === 'needed');
        shown[name] =
          typeof value === 'number' ? (inBytes ? format.bytes(value) : format.decimal(value, Number.isInteger(value) ? 0 : 3)) : value;
      }
      if (typeof values['channel'] === 'string') shown['channel'] = channelName(values['channel']);
      // A reason stands for a detail whose sentence each language has of its own.
      const reason = `reason.${values['reason']}`;
      // Those of files that only the Models page reads are loaded with it.
      const ns = (['errors', 'models'] as const).find((one) => i18n.exists(reason, { ns: one }));
      if (ns) shown['detail'] = t(reason as 'reason.archive-directory', { ...shown, ns: ns as 'errors' });
      // A detail is a sentence of its own and may bring its full stop.
      if (typeof shown['detail'] === 'string') shown['detail'] = shown['detail'].replace(/[.。]+$/, '');
      // A link that cannot be read has no field to correct.
      if (code === 'recipe-invalid' && values['accepted'] === UNREADABLE_LINK)
        return { what: t('recipe-link.what'), advice: t('recipe-link.do') };
      // The browser does not always tell how much is free.
      if (code === 'quota' && values['available'] === undefined)
        return { what: t('quota-untold.what', shown), advice: t('quota-untold.do', shown) };
      return { what: t(`${code}.what`, shown), advice: t(`${code}.do`, shown) };
    },
    [t, i18n, format, channelName],
  );
}
