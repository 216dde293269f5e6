import { type BrowserWindow, Notification } from 'electron';
import { assetName } from '#contract/assets.ts';
import type { StreamData } from '#contract/streams.ts';
import type { NodeHost } from './node-host.ts';
import { noticeTexts } from './texts.ts';

/** Shows what the host wants to be told as the system's notifications, each once; a click brings the window. */
export function setupNotifications(host: NodeHost, window: BrowserWindow): void {
  const shown = new Set<string>();
  host.subscribe('notices', (data) => {
    for (const notice of data as StreamData<'notices'>) {
      if (shown.has(notice.id)) continue;
      shown.add(notice.id);
      if (!Notification.isSupported()) continue;
      const words = wordsOf(notice);
      const notification = new Notification({ title: words.title, body: words.text });
      notification.on('click', () => window.show());
      notification.show();
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
