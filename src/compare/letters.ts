/** How the page calls the picked weights, in the order of every measure's arrays: A is the base, C the third. */
import type { Place } from './store';

export const PLACES: readonly Place[] = ['a', 'b', 'c'];

export const letterOf = (model: number): 'A' | 'B' | 'C' => (model === 0 ? 'A' : model === 1 ? 'B' : 'C');
