import { Dialog } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';

interface DrawerProps {
  open: boolean;
  title: string;
  closeLabel: string;
  onClose(): void;
  children: ReactNode;
}

/** Details from the right. Escape, the cross or a click beside it closes; the focus goes back where it was. */
export function Drawer({ open, title, closeLabel, onClose, children }: DrawerProps) {
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/40 transition-opacity duration-150 data-[ending-style]:opacity-0 data-[starting-style]:opacity-0 motion-reduce:transition-none" />
        <Dialog.Popup className="fixed inset-y-0 right-0 z-50 w-[26rem] max-w-[calc(100vw-3rem)] overflow-y-auto border-l border-line bg-panel text-text shadow-2xl outline-none transition-transform duration-200 data-[ending-style]:translate-x-full data-[starting-style]:translate-x-full motion-reduce:transition-none">
          <header className="sticky top-0 flex bg-panel items-start gap-3 border-b border-line px-5 py-4">
            <Dialog.Title className="min-w-0 flex-1 text-base font-semibold break-words">
              {title}
            </Dialog.Title>
            <Dialog.Close
              aria-label={closeLabel}
              className="rounded-lg p-1.5 text-dim hover:bg-panel-2 hover:text-text focus-visible:outline-2 focus-visible:outline-accent"
            >
              <X size={18} aria-hidden />
            </Dialog.Close>
          </header>
          <div className="px-5 py-4">{children}</div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
