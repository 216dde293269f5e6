import type { Page } from 'playwright-core';

/** Through the three steps with the local test network and the shipped model, on a free port. */
export async function onboard(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Skip' }).click();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('radio', { name: /tiny-chat/ }).waitFor();
  await page.getByRole('button', { name: 'Finish' }).click();
  await page.getByRole('button', { name: 'Start earning' }).waitFor();
}

/** Earns until the gateway's books agree with the node's on at least one entry. */
export async function earn(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Start earning' }).click();
  await page.getByText('Earning', { exact: true }).waitFor({ timeout: 60_000 });
  await page.getByText('agree on all of it').waitFor({ timeout: 60_000 });
}
