/** A channel's short name in its colour, with a swatch. */
import { useChannelTag } from './channel-name';
import { channelColour } from './channel-colour';
import styles from './ChannelTag.module.css';

export function ChannelTag({ id, corpus = id }: { id: string; corpus?: string }) {
  const tag = useChannelTag();
  return (
    <span className={styles.tag} style={{ color: channelColour(corpus) }}>
      <i aria-hidden />
      {tag(id)}
    </span>
  );
}
