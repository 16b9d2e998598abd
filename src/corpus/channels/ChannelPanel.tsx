/** A channel: colour, name, role, language, and its sources. */
import { ActionIcon, Menu, Button, NativeSelect, SegmentedControl, TextInput } from '@mantine/core';
import { Check, Plus, Trash2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { colourOf, ANY, languageOf, useLanguageChoices } from './choices';
import { useState } from 'react';
import type { WorkshopChannel } from '../../contract/corpus';
import { COLOURS } from '../../core/corpus/channel-colours';
import { useFormat } from '../../i18n/format';
import { useCorpusName } from '../../channels/channel';
import { useCorpora } from '../store';
import { SourceList } from './SourceList';
import { rawSize, useWorkshop } from './store';
import styles from './Channels.module.css';

function ColourPicker({ name, colour, onChange }: { name: string; colour: string; onChange: (colour: string) => void }) {
  const { t } = useTranslation('corpus');
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <ActionIcon variant="default" size={30} aria-label={t('channel.colourOf', { name })}>
          <i className={styles.swatch} style={{ background: colourOf(colour) }} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {COLOURS.map((token) => (
          <Menu.Item
            key={token}
            leftSection={<i className={styles.swatch} style={{ background: colourOf(token) }} aria-hidden />}
            rightSection={token === colour ? <Check size={14} aria-hidden /> : null}
            onClick={() => onChange(token)}
          >
            {t(`colour.${token}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** A channel: colour, name, role, language, and the sources whose rows it has. */
export function ChannelPanel({ channel, onRemove }: { channel: WorkshopChannel; onRemove: () => void }) {
  const { t } = useTranslation('corpus');
  const { t: common } = useTranslation();
  const format = useFormat();
  const corpusName = useCorpusName();
  const { sources, changeChannel, addCorpus } = useWorkshop();
  const corpora = useCorpora((state) => state.corpora);
  const languages = useLanguageChoices();
  const [typed, setTyped] = useState<string | null>(null);
  const { id, name, role, language, colour } = channel;
  const own = sources.filter((source) => source.channel === id);
  const { rows, bytes } = rawSize(own);
  // What the workshop itself made would be cleaned twice.
  const addable = corpora.filter(
    (corpus) => corpus.channel === undefined && !own.some(({ origin }) => origin.kind === 'corpus' && origin.corpus === corpus.id),
  );
  const rename = () => {
    const given = typed?.trim() ?? '';
    if (given !== '' && given !== name) void changeChannel(id, { name: given });
    setTyped(null);
  };
  return (
    <li className={styles.channel} style={{ borderInlineStartColor: colourOf(colour) }} data-testid="channel" data-channel={id}>
      <div className={styles.head}>
        <ColourPicker name={name} colour={colour} onChange={(chosen) => void changeChannel(id, { colour: chosen })} />
        <TextInput
          size="xs"
          className={styles.name ?? ''}
          aria-label={t('channel.nameOf', { name })}
          value={typed ?? name}
          maxLength={60}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onBlur={rename}
          onKeyDown={(event) => {
            if (event.key === 'Enter') event.currentTarget.blur();
            if (event.key === 'Escape') setTyped(null);
          }}
        />
        <SegmentedControl
          size="xs"
          aria-label={t('channel.roleOf', { name })}
          value={role}
          onChange={(chosen) => void changeChannel(id, { role: chosen })}
          data={(['domain', 'general'] as const).map((value) => ({ value, label: common(`role.${value}`) }))}
        />
        <NativeSelect
          size="xs"
          aria-label={t('channel.languageOf', { name })}
          value={language ?? ANY}
          data={languages}
          onChange={(event) => void changeChannel(id, { language: languageOf(event.currentTarget.value) })}
        />
        <span className={styles.size} data-testid="channel-size">
          {t('rowsAndBytes', { count: rows, formatted: format.count(rows), bytes: format.bytes(bytes) })}
        </span>
        <div className={styles.actions}>
          <Menu position="bottom-end">
            <Menu.Target>
              <Button size="xs" variant="default" leftSection={<Plus size={13} />} disabled={addable.length === 0}>
                {t('channel.addText')}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {addable.map((corpus) => (
                <Menu.Item key={corpus.id} onClick={() => void addCorpus(corpus.id, id)}>
                  {corpusName(corpus)} · {format.bytes(corpus.bytes.train + corpus.bytes.heldOut)}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
          <Button
            size="xs"
            variant="default"
            leftSection={<Trash2 size={13} />}
            aria-label={t('channel.removeName', { name })}
            onClick={onRemove}
          >
            {t('remove')}
          </Button>
        </div>
      </div>
      <SourceList channel={channel} sources={own} />
    </li>
  );
}
