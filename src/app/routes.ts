/** The pages: path, key of its name in `common.nav`, and the chunks that hold it and its texts. */
import type { ComponentType, LazyExoticComponent } from 'react';
import { Columns2, Database, FlaskConical, GraduationCap, History, SlidersVertical, Boxes, WholeWord, type LucideIcon } from 'lucide-react';
import { lazyWithTexts } from '../i18n/start';

type PageId = 'desk' | 'compare' | 'sweeps' | 'runs' | 'corpus' | 'tokenizer' | 'models' | 'learn';

export interface PageRoute {
  id: PageId;
  path: string;
  /** Of what the page shows, behind the path. */
  parameter?: string;
  icon: LucideIcon;
  Page: LazyExoticComponent<ComponentType>;
}

export const ROUTES: readonly PageRoute[] = [
  { id: 'desk', path: '/desk', icon: SlidersVertical, Page: lazyWithTexts(['desk', 'diagnosis'], () => import('../desk/Page')) },
  {
    id: 'compare',
    path: '/compare',
    icon: Columns2,
    Page: lazyWithTexts(
      ['compare', 'measures', 'internals', 'merge', 'desk', 'diagnosis', 'report', 'notices'],
      () => import('../compare/Page'),
    ),
  },
  {
    id: 'sweeps',
    path: '/sweeps',
    parameter: '/:id?',
    icon: FlaskConical,
    Page: lazyWithTexts(['sweeps'], () => import('../sweeps/Page')),
  },
  { id: 'runs', path: '/runs', icon: History, Page: lazyWithTexts(['runs', 'desk', 'diagnosis'], () => import('../runs/Page')) },
  { id: 'corpus', path: '/corpus', icon: Database, Page: lazyWithTexts(['corpus', 'notices'], () => import('../corpus/Page')) },
  {
    id: 'tokenizer',
    path: '/tokenizer',
    icon: WholeWord,
    Page: lazyWithTexts(['tokenizer', 'notices'], () => import('../tokenizer/Page')),
  },
  { id: 'models', path: '/models', icon: Boxes, Page: lazyWithTexts(['models', 'desk', 'notices'], () => import('../models/Page')) },
  { id: 'learn', path: '/learn', icon: GraduationCap, Page: lazyWithTexts(['learn'], () => import('../learn/Page')) },
];
