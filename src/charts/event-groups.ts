/**
 * Markers joined for the chart: a dragged fader leaves several changes at neighbouring steps, which read as one move from
 * the first value to the last. Evaluations and checkpoints go to the lane below the curves.
 */
import type { Marker, MarkerKind } from '../core/run/types';

export interface EventGroup {
  /** Step of the last change of the group. */
  step: number;
  kind: MarkerKind;
  detail: string;
}

const LANE: ReadonlySet<MarkerKind> = new Set(['evaluation', 'checkpoint']);

export function laneMarkers(markers: readonly Marker[]): Marker[] {
  return markers.filter(({ kind }) => LANE.has(kind));
}

/** @param near steps within which changes of one kind are one move */
export function eventGroups(markers: readonly Marker[], near: number): EventGroup[] {
  const groups: EventGroup[] = [];
  for (const marker of markers) {
    if (LANE.has(marker.kind)) continue;
    const last = groups.findLast(({ kind }) => kind === marker.kind);
    if (last && marker.step - last.step <= near) {
      last.step = marker.step;
      last.detail = joinDetails(last.detail, marker.detail);
    } else groups.push({ ...marker });
  }
  return groups.filter(({ kind, detail }) => kind === 'pause' || kind === 'resume' || kind === 'stop' || detail !== '');
}

interface Move {
  name: string;
  from: string;
  to: string;
  unit: string;
}

const MOVE = /^(?:(\S+) )?(\S+) → (\S+)( %)?$/;

function parseMoves(detail: string): Move[] | null {
  const moves = detail.split(', ').map((part) => MOVE.exec(part));
  if (moves.some((move) => move === null)) return null;
  return moves.map((move) => ({ name: move![1] ?? '', from: move![2]!, to: move![3]!, unit: move![4] ?? '' }));
}

/** "zh 35 → 34 %" and "zh 34 → 30 %" are "zh 35 → 30 %". What came back to where it was is left out. */
export function joinDetails(first: string, second: string): string {
  const before = parseMoves(first);
  const after = parseMoves(second);
  if (!before || !after) return second || first;
  const joined = new Map(before.map((move) => [move.name, { ...move }]));
  for (const move of after) {
    const known = joined.get(move.name);
    if (known) known.to = move.to;
    else joined.set(move.name, { ...move });
  }
  return [...joined.values()]
    .filter(({ from, to }) => from !== to)
    .map(({ name, from, to, unit }) => `${name === '' ? '' : `${name} `}${from} → ${to}${unit}`)
    .join(', ');
}

/** The move of a detail that is largest, for a short label; the whole detail when it cannot be told. */
export function mainMove(detail: string): string {
  const moves = parseMoves(detail);
  if (!moves || moves.length < 2) return detail;
  const size = ({ from, to }: Move) => Math.abs(Number(to) - Number(from)) || 0;
  const most = moves.reduce((best, move) => (size(move) > size(best) ? move : best));
  return `${most.name} ${most.from} → ${most.to}${most.unit}`.trim();
}
