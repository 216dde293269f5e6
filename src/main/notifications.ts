import { type BrowserWindow, Notification } from 'electron';
import { assetName } from '#contract/assets.ts';
import type { StreamData } from '#contract/streams.ts';
import type { NodeHost } from './node-host.ts';
import { noticeTexts, texts } from './texts.ts';

/** Shows what the host wants to be told, and that it cannot run, as the system's notifications; a click brings the window. */
export function setupNotifications(host: NodeHost, window: BrowserWindow): void {
  const show = (title: string, body: string) => {
    if (!Notification.isSupported()) return;
    const notification = new Notification({ title, body });
    notification.on('click', () => window.show());
    notification.show();
  };
  host.onState((state) => {
    if (state.state === 'failed') show(texts.hostFailed, state.error.message);
  });
  const shown = new Set<string>();
  host.subscribe('notices', (data) => {
    for (const notice of data as StreamData<'notices'>) {
      if (shown.has(notice.id)) continue;
      shown.add(notice.id);
      const { title, text } = wordsOf(notice);
      show(title, text);
    }
  });
}

function wordsOf({ kind, amount, unit, count }: StreamData<'notices'>[number]): {
  title: string;
  text: string;
} {
  const unitText = unit === 'test-credits' ? noticeTexts.testCredits : unit === null ? '' : assetName(unit);
  const form = count === 1 ? 'text_one' : 'text_other';
  const values: Record<string, string> = { amount: amount ?? '', unit: unitText, count: `${count}` };
  return {
    title: noticeTexts[kind].title,
    text: noticeTexts[kind][form].replaceAll(/\{\{(\w+)\}\}/g, (_whole, name: string) => values[name] ?? ''),
  };
}
