import en from '#locales/en.json' with { type: 'json' };

interface Shown {
  look: 'asks' | 'good' | 'warn' | 'bad';
  title: string;
  body: HTMLElement[];
  buttons?: { text: string; accent?: boolean; onPress(): void }[];
  foot?: string;
}

/** An element with text, never markup: what the app asks may hold anything. */
export function element(name: string, text = '', className = ''): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** Puts one state of the page in place of the one before; it is read out from its title. */
export function show({ look, title, body, buttons = [], foot }: Shown): void {
  const heading = element('h1');
  heading.tabIndex = -1;
  heading.append(element('span', '', `mark ${look}`), title);
  const row = element('div', '', 'buttons');
  for (const { text, accent, onPress } of buttons) {
    const button = element('button', text, accent ? 'accent' : '') as HTMLButtonElement;
    button.type = 'button';
    button.addEventListener('click', () => onPress());
    row.append(button);
  }
  const parts = [element('p', en.walletPage.from, 'from'), heading, ...body];
  if (buttons.length > 0) parts.push(row);
  if (foot) parts.push(element('p', foot, 'dim'));
  document.getElementById('page')?.replaceChildren(...parts);
  heading.focus();
}
