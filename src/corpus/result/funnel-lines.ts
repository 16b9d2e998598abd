/** A channel's report as the lines of a funnel: what came in, what each stage took, what is left. */
import type { RowQuery } from '../../core/corpus/ledger';
import type { ChannelReport, DropReason, PipelineStage, SampleRow, Tally } from '../../core/corpus/report';
import type { Split } from '../../core/corpus/row';

export interface ReasonLine extends Tally {
  reason: DropReason;
  query: RowQuery;
  sample: readonly SampleRow[];
}
export type FunnelLine =
  | ({ kind: 'in'; query: RowQuery } & Tally)
  | { kind: 'stage'; stage: PipelineStage; enabled: boolean; dropped: Tally; left: Tally; query: RowQuery; reasons: ReasonLine[] }
  | ({ kind: 'kept'; split: Split; query: RowQuery; sample: readonly SampleRow[] } & Tally);

export function funnelLines(report: ChannelReport): FunnelLine[] {
  const channel = report.channel.id;
  const lines: FunnelLine[] = [{ kind: 'in', ...report.in, query: { channel } }];
  for (const { stage, enabled, kept, dropped } of report.stages) {
    // Neither normalising nor the split drops anything worth a line, but an empty row does.
    if (dropped.length === 0 && (stage === 'normalise' || stage === 'split')) continue;
    lines.push({
      kind: 'stage',
      stage,
      enabled,
      dropped: {
        rows: dropped.reduce((sum, { rows }) => sum + rows, 0),
        bytes: dropped.reduce((sum, { bytes }) => sum + bytes, 0),
      },
      left: kept,
      query: { channel, stage },
      reasons: dropped.map(({ reason, rows, bytes, sample }) => ({ reason, rows, bytes, sample, query: { channel, stage, reason } })),
    });
  }
  for (const split of ['train', 'heldOut'] as const)
    lines.push({
      kind: 'kept',
      split,
      ...report.kept[split],
      query: { channel, kept: split },
      sample: split === 'train' ? report.keptSample : [],
    });
  return lines;
}
