/** The browser's language and theme by default; a person's own choice stays. */
import { expect, test } from '@playwright/test';
import { Studio, visit } from './studio/studio';
import { wordsOf } from './studio/words';

const studio = visit(() => studio.open(), { locale: 'de-DE', colorScheme: 'dark' });

test('a browser in Chinese gets Chinese, a switch stays', async ({ browser, baseURL }) => {
  const chinese = await Studio.begin(browser, baseURL, { locale: 'zh-CN' });
  const { page } = chinese;
  await chinese.open();
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  await expect(chinese.desk.button('run')).toHaveText(wordsOf('zh').desk.transport.run);
  for (const name of ['compare', 'runs', 'corpus', 'tokenizer', 'learn', 'models'] as const) {
    await chinese.goTo(name);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(wordsOf('zh')[name].title);
  }
  await chinese.switchLanguage('en');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(wordsOf('en').models.title);
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(wordsOf('en').models.title);
  chinese.watch.expectClean();
  await chinese.end();
});

test('a browser in a language that the studio does not speak gets English', async () => {
  await expect(studio.page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(studio.desk.button('run')).toBeVisible();
});

test('the theme follows the system until one is chosen, and the choice stays', async () => {
  const { page } = studio;
  const scheme = page.locator('html');
  await expect(scheme).toHaveAttribute('data-mantine-color-scheme', 'dark');
  const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: 'light' });
  await expect(scheme).toHaveAttribute('data-mantine-color-scheme', 'light');
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).not.toBe(dark);
  await studio.switchTheme('dark');
  await expect(scheme).toHaveAttribute('data-mantine-color-scheme', 'dark');
  await page.reload();
  await expect(scheme).toHaveAttribute('data-mantine-color-scheme', 'dark');
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(dark);
});
