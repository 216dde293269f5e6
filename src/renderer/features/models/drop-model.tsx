import { type DragEvent, type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { desktopBridge } from './desktop-bridge.ts';

/** Takes a model file that is dropped on the page. Only the desktop knows the path of a dropped file. */
export function DropModel({ onDrop, children }: { onDrop(path: string): void; children: ReactNode }) {
  const { t } = useTranslation();
  const [over, setOver] = useState(false);
  const bridge = desktopBridge();
  const accept = (event: DragEvent) => {
    if (!bridge || !event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    setOver(event.type === 'dragover');
  };
  const drop = (event: DragEvent) => {
    accept(event);
    const file = event.dataTransfer.files[0];
    const path = file && bridge?.pathOfFile(file);
    if (path) onDrop(path);
  };
  return (
    <section
      aria-label={t('models.dropArea')}
      className="relative"
      onDragOver={accept}
      onDragLeave={accept}
      onDrop={drop}
    >
      {children}
      {over && (
        <p className="pointer-events-none absolute inset-0 grid place-items-center rounded-[10px] border-2 border-dashed border-accent bg-ground/80 text-base font-semibold">
          {t('models.dropNow')}
        </p>
      )}
    </section>
  );
}
