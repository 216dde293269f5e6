import type { WalletAnswer, WalletPageQuestion, WalletPageReply } from '#contract/wallet.ts';
import en from '#locales/en.json' with { type: 'json' };
import { askWallet, WrongAccount } from '../lib/wallet/ask-wallet.ts';
import type { SolanaWallet } from '../lib/wallet/solana-wallet.ts';
import { openChannel } from './channel.ts';
import { watchWallets } from './found-wallets.ts';
import { element, show } from './layout.ts';
import { details } from './question-details.ts';

const words = en.walletPage;
const channel = await openChannel();
const mostLeftMs = 5 * 60_000;
const closing = channel.isPhone ? words.closePhone : words.close;
const once = channel.isPhone ? words.oncePhone : words.once;

start().catch(() => showExpired());

async function start(): Promise<void> {
  // From a relay it may take a while.
  if (channel.isPhone) show({ look: 'asks', title: words.reading, body: [] });
  const asked = await channel.question();
  if (!asked) return showExpired();
  // A phone's clock may go otherwise than the computer's.
  setTimeout(showExpired, Math.max(0, channel.isPhone ? mostLeftMs : asked.expiresAt - Date.now()));
  const wallets = watchWallets(asked.question.op, () => {
    if (!isBusy) showQuestion(asked, wallets());
  });
  showQuestion(asked, wallets());
}

/** While the wallet is asked, and after the end, what is shown stays. */
let isBusy = false;

function showQuestion(asked: WalletPageQuestion, wallets: SolanaWallet[]): void {
  const { op } = asked.question;
  document.title = words.title[op];
  if (wallets.length === 0) {
    show({
      look: 'warn',
      title: words.noWallet.title,
      body: [
        element('p', words.noWallet.text),
        element('p', channel.isPhone ? words.noWallet.advicePhone : words.noWallet.advice),
      ],
      buttons: [
        { text: words.reload, accent: true, onPress: () => location.reload() },
        {
          text: words.giveUp,
          onPress: () => finish({ ok: false, code: 'wallet/not-found', message: words.noWallet.title }),
        },
      ],
      foot: once,
    });
    return;
  }
  const [firstWallet] = wallets;
  let chosen = firstWallet;
  show({
    look: 'asks',
    title: words.title[op],
    body: [
      ...details(asked.question),
      ...(channel.code === null ? [] : [element('p', words.code.replace('{{code}}', channel.code), 'code')]),
      walletChoice(wallets, (wallet) => {
        chosen = wallet;
        const button = document.querySelector('button.accent');
        if (button) button.textContent = words.continueIn.replace('{{wallet}}', wallet.name);
      }),
    ],
    buttons: [
      {
        text: words.continueIn.replace('{{wallet}}', firstWallet?.name ?? ''),
        accent: true,
        onPress: () => chosen && ask(asked, chosen),
      },
      {
        text: words.decline,
        onPress: () => finish({ ok: false, code: 'wallet/rejected', message: words.declined }),
      },
    ],
    foot: once,
  });
}

function walletChoice(wallets: SolanaWallet[], onChoose: (wallet: SolanaWallet) => void): HTMLElement {
  const set = element('fieldset');
  set.append(element('legend', words.which));
  for (const [n, wallet] of wallets.entries()) {
    const label = element('label');
    const input = element('input') as HTMLInputElement;
    Object.assign(input, { type: 'radio', name: 'wallet', checked: n === 0 });
    input.addEventListener('change', () => onChoose(wallet));
    const icon = element('img') as HTMLImageElement;
    Object.assign(icon, { src: wallet.icon, alt: '' });
    label.append(input, icon, element('span', wallet.name));
    set.append(label);
  }
  return set;
}

async function ask(asked: WalletPageQuestion, wallet: SolanaWallet): Promise<void> {
  isBusy = true;
  show({
    look: 'asks',
    title: words.confirmIn.replace('{{wallet}}', wallet.name),
    body: [element('p', words.confirmText)],
  });
  let answer: WalletAnswer;
  try {
    answer = await askWallet(wallet, asked.question, location.host);
  } catch (thrown) {
    if (thrown instanceof WrongAccount) return showWrongAccount(asked, wallet, thrown);
    return finish({ ok: false, code: 'wallet/rejected', message: reasonOf(thrown, wallet) });
  }
  await finish({ ok: true, answer });
}

const reasonOf = (thrown: unknown, { name }: SolanaWallet) =>
  `${name}: ${thrown instanceof Error && thrown.message ? thrown.message : words.declined}`.slice(0, 500);

function showWrongAccount(asked: WalletPageQuestion, wallet: SolanaWallet, wrong: WrongAccount): void {
  const { op } = asked.question;
  show({
    look: 'warn',
    title: words.wrongAccount.title,
    body: [
      facts([
        [words.wrongAccount.asked, wrong.asked],
        [words.wrongAccount.found, wrong.found],
      ]),
      element('p', words.wrongAccount.advice.replace('{{wallet}}', wallet.name)),
    ],
    buttons: [
      { text: words.again, accent: true, onPress: () => ask(asked, wallet) },
      {
        text: words.decline,
        onPress: () =>
          finish({
            ok: false,
            code: 'wallet/wrong-account',
            message: `${wrong.asked} is asked for ${op}, and ${wrong.found} is selected.`,
          }),
      },
    ],
  });
}

function facts(rows: [string, string][]): HTMLElement {
  const list = element('dl');
  for (const [name, value] of rows) {
    const shown = element('dd');
    shown.append(element('code', value));
    list.append(element('dt', name), shown);
  }
  return list;
}

/** Tells the app, and says in the tab how it ended. */
async function finish(reply: WalletPageReply): Promise<void> {
  if (isOver) return;
  isBusy = true;
  isOver = true;
  show({ look: 'asks', title: words.sending, body: [] });
  const verdict = await channel.answer(reply);
  channel.forget();
  if (verdict.kind === 'sent') return showEnd('asks', words.sent);
  if (verdict.kind === 'expired') return showEnd('warn', words.expired);
  if (verdict.kind === 'refused') return showEnd('bad', words.refused, verdict.message);
  if (reply.ok) showEnd('good', words.done);
  else showEnd('warn', words.rejected, reply.message);
}

/** Answered, or too late. */
let isOver = false;

function showExpired(): void {
  if (isOver) return;
  isBusy = true;
  isOver = true;
  channel.forget();
  showEnd('warn', words.expired);
}

function showEnd(
  look: 'asks' | 'good' | 'warn' | 'bad',
  text: { title: string; text: string },
  detail?: string,
): void {
  document.title = text.title;
  const body = [element('p', `${text.text} ${closing}`.trim())];
  if (detail) body.unshift(element('p', detail));
  show({ look, title: text.title, body });
}
