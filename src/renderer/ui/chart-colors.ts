/** Colours a chart may use, by the names of the theme's tokens. */
export type ChartColor = 'accent' | 'earn' | 'info' | 'warn' | 'bad' | 'dim';

/** Classes stand here whole, so that Tailwind finds them. */
export const swatches: Record<ChartColor, string> = {
  accent: 'bg-accent',
  earn: 'bg-earn',
  info: 'bg-info',
  warn: 'bg-warn',
  bad: 'bg-bad',
  dim: 'bg-dim',
};

/** The present colour of a theme token as a canvas takes it, read from an element that wears it. */
export function themeColor(token: ChartColor | 'line'): string {
  const probe = document.createElement('span');
  probe.className = token === 'line' ? 'bg-line' : swatches[token];
  document.body.append(probe);
  const color = getComputedStyle(probe).backgroundColor;
  probe.remove();
  return color;
}

/** Calls back when the theme changes, by setting or by the system; returns what ends it. */
export function watchTheme(onChange: () => void): () => void {
  const attributes = new MutationObserver(onChange);
  attributes.observe(document.documentElement, { attributeFilter: ['data-theme', 'class'] });
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', onChange);
  return () => {
    attributes.disconnect();
    system.removeEventListener('change', onChange);
  };
}
