/** Adds a channel from the corpora that the mixture does not hold yet. */
import { Button, Menu } from '@mantine/core';
import { Plus } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { CorpusRecord } from '../contract/corpus';
import { useChannelName } from '../channels/channel-name';
import { useRecipe } from './recipe-store';

export function AddChannel({ corpora }: { corpora: readonly CorpusRecord[] }) {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const name = useChannelName();
  const taken = useRecipe((state) => state.recipe?.channels);
  const free = corpora.filter(({ id }) => !taken?.some((channel) => channel.id === id));
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button size="compact-sm" variant="subtle" leftSection={<Plus size={14} />}>
          {t('addChannel')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {free.map((corpus) => (
          <Menu.Item key={corpus.id} onClick={() => useRecipe.getState().add(corpus)}>
            {corpus.bundled ? `${name(corpus.id)} · ${common(`role.${corpus.role}`)}` : `${corpus.name} · ${common(`role.${corpus.role}`)}`}
          </Menu.Item>
        ))}
        {free.length > 0 && <Menu.Divider />}
        <Menu.Item component={Link} href="/corpus">
          {t('importCorpus')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
