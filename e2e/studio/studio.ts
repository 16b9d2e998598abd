/** The studio in a person's hands: open it, go to a page, read its alerts. Each page has a class of its own beside this one. */
import { expect, test, type Browser, type BrowserContext, type BrowserContextOptions, type Locator, type Page } from '@playwright/test';
import { encodeRecipe } from '../../src/core/recipe/share-link';
import type { Recipe } from '../../src/core/recipe/schema';
import { Desk } from './desk';
import { Watch } from './watch';
import { wordsOf, type Language, type Words } from './words';

export type PageName = 'desk' | 'compare' | 'sweeps' | 'runs' | 'corpus' | 'tokenizer' | 'models' | 'learn';

interface Opening {
  recipe?: Recipe;
  /** Forces the engine's backend by the address. */
  backend?: 'wasm' | 'webgpu' | 'cpu';
  page?: PageName;
}

/**
 * A file's tests in their order as one person's visit: a browser that is begun before the first and watched after each.
 * @param prepare what the visit begins with
 * @param options of the browser: its language, its theme
 */
export function visit(prepare?: (studio: Studio) => Promise<unknown>, options: BrowserContextOptions = {}): Studio {
  const studio = new Studio();
  test.describe.configure({ mode: 'serial' });
  test.beforeAll(async ({ browser, baseURL }) => {
    await studio.begin(browser, baseURL, options);
    await prepare?.(studio);
  });
  test.afterEach(() => studio.watch.expectClean());
  test.afterAll(() => studio.end());
  return studio;
}

export class Studio {
  words: Words;
  page!: Page;
  watch!: Watch;
  readonly desk = new Desk(this);
  /**
   * Of the engine; null: as it chooses by itself, a thread a core. Two visits go on at a time on two cores, where a second thread would only
   * wait for the first.
   */
  threads: number | null = 1;

  constructor(public language: Language = 'en') {
    this.words = wordsOf(language);
  }

  /** A browser of its own, watched. */
  static async begin(browser: Browser, baseURL: string | undefined, options: BrowserContextOptions = {}): Promise<Studio> {
    const studio = new Studio(options.locale?.startsWith('zh') ? 'zh' : 'en');
    await studio.begin(browser, baseURL, options);
    return studio;
  }

  async begin(browser: Browser, baseURL: string | undefined, options: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.newContext(options);
    this.watch = new Watch(context, baseURL ?? 'http://localhost/');
    this.page = await context.newPage();
  }

  get context(): BrowserContext {
    return this.page.context();
  }

  /** The same studio in another tab. */
  async anotherTab(): Promise<Studio> {
    const studio = new Studio(this.language);
    studio.threads = this.threads;
    studio.watch = this.watch;
    studio.page = await this.context.newPage();
    return studio;
  }

  end(): Promise<void> {
    return this.context.close();
  }

  async open({ recipe, backend, page = 'desk' }: Opening = {}): Promise<void> {
    const query = recipe ? `?recipe=${encodeRecipe(recipe)}` : '';
    const engine = new URLSearchParams({
      ...(backend ? { backend } : {}),
      ...(this.threads === null ? {} : { threads: String(this.threads) }),
    });
    await this.page.goto(`./${engine.size > 0 ? `?${engine}` : ''}#/${page}${query}`);
    await expect(this.page.getByRole('heading', { level: 1, name: this.words[page].title, exact: true })).toBeAttached();
    if (page === 'desk') await expect(this.desk.strips.first()).toBeVisible();
    if (recipe) await expect(this.desk.strips).toHaveCount(recipe.channels.length);
  }

  /** The page in this theme, when its colours have arrived: one half way between two themes is nobody's choice. */
  async showTheme(theme: 'light' | 'dark'): Promise<void> {
    const { page } = this;
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', theme);
    await page.evaluate(async () => {
      for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
      const passing = document.getAnimations().filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity);
      await Promise.all(passing.map((animation) => animation.finished.catch(() => null)));
    });
  }

  /** By the navigation, as a person does: the document stays. */
  async goTo(page: PageName): Promise<void> {
    await this.page
      .getByRole('navigation', { name: this.words.common.nav.label })
      .getByRole('link', { name: this.words.common.nav[page], exact: true })
      .click();
    await expect(this.page).toHaveURL(new RegExp(`#/${page}`));
  }

  get alerts(): Locator {
    return this.page.getByRole('main').getByRole('alert');
  }

  /** Waits for an alert with these words, and takes it away when it can be. */
  async expectAlert(words: RegExp | string): Promise<void> {
    const alert = this.alerts.filter({ hasText: words });
    await expect(alert).toBeVisible();
    const dismiss = alert.getByRole('button', { name: this.words.common.dismiss });
    if ((await dismiss.count()) > 0) {
      await dismiss.click();
      await expect(alert).toBeHidden();
    }
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name });
  }

  async switchLanguage(language: Language): Promise<void> {
    const names = { en: 'English', zh: '中文' } as const;
    await this.button(this.words.common.language.label).click();
    await this.page.getByRole('menuitem', { name: names[language] }).click();
    await expect(this.page.locator('html')).toHaveAttribute('lang', language === 'zh' ? 'zh-CN' : 'en');
    this.language = language;
    this.words = wordsOf(language);
  }

  async switchTheme(theme: 'auto' | 'light' | 'dark'): Promise<void> {
    await this.button(this.words.common.theme.label).click();
    await this.page.getByRole('menuitem', { name: this.words.common.theme[theme], exact: true }).click();
  }
}
