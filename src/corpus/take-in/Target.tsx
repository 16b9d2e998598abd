/** Which channel the rows go to, and what they are for. */
import { NativeSelect, SegmentedControl, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { ANY, languageOf, useLanguageChoices } from '../channels/languages';
import { useWorkshop } from '../channels/store';
import { NEW_CHANNEL, useTakeIn } from './store';
import styles from './TakeIn.module.css';

export function Target() {
  const { t } = useTranslation('corpus');
  const { t: common } = useTranslation();
  const channels = useWorkshop((state) => state.channels);
  const { channel, newChannel, use, choices, describe, describeChannel } = useTakeIn();
  const languages = useLanguageChoices();
  const byField = Object.values(choices).some(({ channelField }) => channelField);
  return (
    <fieldset className={styles.target}>
      <legend>{t('takeIn.target')}</legend>
      <div className={styles.fields}>
        <NativeSelect
          size="xs"
          label={t('takeIn.channel')}
          value={channel}
          data={[...channels.map(({ id, name }) => ({ value: id, label: name })), { value: NEW_CHANNEL, label: t('takeIn.newChannel') }]}
          onChange={(event) => describe({ channel: event.currentTarget.value })}
        />
        {channel === NEW_CHANNEL && (
          <>
            <TextInput
              size="xs"
              label={t('channel.name')}
              value={newChannel.name}
              maxLength={60}
              onChange={(event) => describeChannel({ name: event.currentTarget.value })}
            />
            <NativeSelect
              size="xs"
              label={t('channel.language')}
              value={newChannel.language ?? ANY}
              data={languages}
              onChange={(event) => describeChannel({ language: languageOf(event.currentTarget.value) })}
            />
            <div className={styles.field}>
              <span id="new-channel-role">{t('channel.role')}</span>
              <SegmentedControl
                size="xs"
                aria-labelledby="new-channel-role"
                value={newChannel.role}
                onChange={(role) => describeChannel({ role })}
                data={(['domain', 'general'] as const).map((value) => ({ value, label: common(`role.${value}`) }))}
              />
            </div>
          </>
        )}
        <NativeSelect
          size="xs"
          label={t('takeIn.use')}
          value={use}
          data={(['split', 'held-out'] as const).map((value) => ({ value, label: t(`takeIn.uses.${value}`) }))}
          onChange={(event) => describe({ use: event.currentTarget.value === 'held-out' ? 'held-out' : 'split' })}
        />
      </div>
      {byField && <p className={styles.dim}>{t('takeIn.byField')}</p>}
    </fieldset>
  );
}
