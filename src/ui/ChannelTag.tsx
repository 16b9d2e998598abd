/** A channel's id in its colour, with a swatch. */
import { channelColour } from './channel-colour';
import styles from './ChannelTag.module.css';

export function ChannelTag({ id, corpus = id }: { id: string; corpus?: string }) {
  return (
    <span className={styles.tag} style={{ color: channelColour(corpus) }}>
      <i aria-hidden />
      {id}
    </span>
  );
}
