/** The pages: path, key of its name in `common.nav`, and the chunks that hold it and its texts. */
import { lazy, type ComponentType, type LazyExoticComponent } from 'react';
import { Columns2, Database, History, SlidersVertical, Boxes, WholeWord, type LucideIcon } from 'lucide-react';
import type { Namespace } from '../i18n/start';
import { loadTexts } from '../i18n/start';

type PageId = 'desk' | 'compare' | 'runs' | 'corpus' | 'tokenizer' | 'models';

export interface PageRoute {
  id: PageId;
  path: string;
  icon: LucideIcon;
  Page: LazyExoticComponent<ComponentType>;
}

function page(texts: readonly Namespace[], load: () => Promise<{ default: ComponentType }>): PageRoute['Page'] {
  return lazy(async () => {
    const [module] = await Promise.all([load(), loadTexts(texts)]);
    return module;
  });
}

export const ROUTES: readonly PageRoute[] = [
  { id: 'desk', path: '/desk', icon: SlidersVertical, Page: page(['diagnosis'], () => import('../desk/Page')) },
  {
    id: 'compare',
    path: '/compare',
    icon: Columns2,
    Page: page(['compare', 'measures', 'internals', 'diagnosis', 'report', 'notices'], () => import('../compare/Page')),
  },
  { id: 'runs', path: '/runs', icon: History, Page: page(['runs', 'diagnosis'], () => import('../runs/Page')) },
  { id: 'corpus', path: '/corpus', icon: Database, Page: page(['corpus', 'notices'], () => import('../corpus/Page')) },
  { id: 'tokenizer', path: '/tokenizer', icon: WholeWord, Page: page(['tokenizer', 'notices'], () => import('../tokenizer/Page')) },
  { id: 'models', path: '/models', icon: Boxes, Page: page(['models', 'notices'], () => import('../models/Page')) },
];
