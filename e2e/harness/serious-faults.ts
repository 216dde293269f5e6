import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/** What on a page is a serious fault, or worse, for who uses assistive tools. */
export async function seriousFaults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}
