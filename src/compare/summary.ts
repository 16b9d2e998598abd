/**
 * What a comparison says: a row per channel and the two figures above it. Losses are nats per token.
 * When the two sides cut text into different tokens, losses, perplexities and retention mean different things on either
 * side, and only bits per byte may be set against each other (METHOD, head).
 */
import type { Comparison } from '../../workers/api';
import { bitsPerByte, perplexity, retention, RETENTION_LINE } from '../core/metrics/loss';
import type { ChannelRole } from '../core/recipe/schema';
import type { ChannelEvaluation } from '../core/run/types';

export interface ComparedChannel {
  id: string;
  corpus: string;
  role: ChannelRole;
}

export interface ChannelRow {
  channel: ComparedChannel;
  lossA: number;
  lossB: number;
  /** loss B − loss A; null when the tokenizers differ. */
  delta: number | null;
  perplexityA: number;
  perplexityB: number;
  bitsA: number;
  bitsB: number;
  /** bits per byte B − A: comparable always. */
  deltaBits: number;
  /** ppl A / ppl B; null for a domain channel and when the tokenizers differ. */
  retention: number | null;
}

export interface ComparisonSummary {
  rows: ChannelRow[];
  comparable: boolean;
  /** Over all domain channels, weighted by tokens; null without one. */
  domain: { delta: number | null; perplexityA: number; perplexityB: number; bitsA: number; bitsB: number } | null;
  /** Mean over general channels; null without one or when the tokenizers differ. */
  retention: number | null;
  generalChannels: number;
  /** The general channels below the line. */
  below: ComparedChannel[];
}

export function summarise(comparison: Comparison, channels: readonly ComparedChannel[], sameVocabulary: boolean): ComparisonSummary {
  const present = channels.filter((channel) => comparison.a.channels[channel.id] && comparison.b.channels[channel.id]);
  // Equal vocabulary sizes may still be different tokenizers; then the same bytes give another number of tokens.
  const comparable =
    sameVocabulary && present.every((channel) => comparison.a.channels[channel.id]?.tokens === comparison.b.channels[channel.id]?.tokens);
  const rows: ChannelRow[] = [];
  for (const channel of present) {
    const a = comparison.a.channels[channel.id];
    const b = comparison.b.channels[channel.id];
    if (!a || !b) continue;
    const bitsA = bitsPerByte(a.loss, a.tokens, a.bytes);
    const bitsB = bitsPerByte(b.loss, b.tokens, b.bytes);
    rows.push({
      channel,
      lossA: a.loss,
      lossB: b.loss,
      delta: comparable ? b.loss - a.loss : null,
      perplexityA: perplexity(a.loss),
      perplexityB: perplexity(b.loss),
      bitsA,
      bitsB,
      deltaBits: bitsB - bitsA,
      retention: comparable && channel.role === 'general' ? retention(a.loss, b.loss) : null,
    });
  }
  const general = rows.filter((row) => row.channel.role === 'general');
  const kept = general.flatMap((row) => (row.retention === null ? [] : [row.retention]));
  return {
    rows,
    comparable,
    domain: domainFigures(comparison, present, comparable),
    retention: kept.length > 0 ? kept.reduce((sum, value) => sum + value, 0) / kept.length : null,
    generalChannels: general.length,
    below: general.filter((row) => row.retention !== null && row.retention < RETENTION_LINE).map((row) => row.channel),
  };
}

function domainFigures(comparison: Comparison, channels: readonly ComparedChannel[], comparable: boolean): ComparisonSummary['domain'] {
  const ids = channels.filter((channel) => channel.role === 'domain').map((channel) => channel.id);
  const a = pool(ids.flatMap((id) => comparison.a.channels[id] ?? []));
  const b = pool(ids.flatMap((id) => comparison.b.channels[id] ?? []));
  if (!a || !b) return null;
  return {
    delta: comparable ? b.loss - a.loss : null,
    perplexityA: perplexity(a.loss),
    perplexityB: perplexity(b.loss),
    bitsA: bitsPerByte(a.loss, a.tokens, a.bytes),
    bitsB: bitsPerByte(b.loss, b.tokens, b.bytes),
  };
}

/** Several channels as one: Σ nll / Σ tokens, never a mean of means. */
function pool(parts: readonly ChannelEvaluation[]): ChannelEvaluation | null {
  const tokens = parts.reduce((sum, part) => sum + part.tokens, 0);
  if (tokens === 0) return null;
  return {
    loss: parts.reduce((sum, part) => sum + part.loss * part.tokens, 0) / tokens,
    tokens,
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
  };
}
