/** A run's mark as it stands in the picture. */
import type { RunMark } from './run-marks';

export function RunShape({ mark }: { mark: RunMark }) {
  return (
    <svg width={14} height={14} viewBox="-1.2 -1.2 2.4 2.4" aria-hidden style={{ flex: 'none' }}>
      <path d={mark.shape} fill={`var(--channel-${mark.colour})`} />
    </svg>
  );
}
