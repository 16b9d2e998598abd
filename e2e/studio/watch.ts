/**
 * Watches a browser context for what must never happen: a request to another origin, an error on the console (violations of the
 * policy are among them), an exception that nobody caught.
 */
import { expect, type BrowserContext } from '@playwright/test';

export class Watch {
  /** Every address asked for, by pages and workers. */
  readonly requests: string[] = [];
  private readonly faults: string[] = [];
  private readonly expected: RegExp[] = [];

  constructor(context: BrowserContext, baseURL: string) {
    const { origin } = new URL(baseURL);
    context.on('request', (request) => {
      const url = new URL(request.url());
      this.requests.push(request.url());
      if (url.protocol !== 'data:' && url.protocol !== 'blob:' && url.origin !== origin) this.faults.push(`request to ${request.url()}`);
    });
    context.on('console', (message) => {
      if (message.type() === 'error') this.faults.push(`console: ${message.text()}`);
    });
    context.on('weberror', (error) => this.faults.push(`uncaught: ${error.error().message}`));
  }

  /** For a fault that the test itself brings about. */
  expect(fault: RegExp): void {
    this.expected.push(fault);
  }

  expectClean(): void {
    expect(this.faults.filter((fault) => !this.expected.some((pattern) => pattern.test(fault)))).toEqual([]);
  }
}
