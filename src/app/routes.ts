/** The pages: path, key of its name in `common.nav`, and the chunk that holds it. */
import { lazy, type ComponentType, type LazyExoticComponent } from 'react';
import { Columns2, Database, History, SlidersVertical, Boxes, WholeWord, type LucideIcon } from 'lucide-react';

export type PageId = 'desk' | 'compare' | 'runs' | 'corpus' | 'tokenizer' | 'models';

export interface PageRoute {
  id: PageId;
  path: string;
  icon: LucideIcon;
  Page: LazyExoticComponent<ComponentType>;
}

export const ROUTES: readonly PageRoute[] = [
  { id: 'desk', path: '/desk', icon: SlidersVertical, Page: lazy(() => import('../desk/Page')) },
  { id: 'compare', path: '/compare', icon: Columns2, Page: lazy(() => import('../compare/Page')) },
  { id: 'runs', path: '/runs', icon: History, Page: lazy(() => import('../runs/Page')) },
  { id: 'corpus', path: '/corpus', icon: Database, Page: lazy(() => import('../corpus/Page')) },
  { id: 'tokenizer', path: '/tokenizer', icon: WholeWord, Page: lazy(() => import('../tokenizer/Page')) },
  { id: 'models', path: '/models', icon: Boxes, Page: lazy(() => import('../models/Page')) },
];
