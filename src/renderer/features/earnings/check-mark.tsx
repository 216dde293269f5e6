import { Check, X } from 'lucide-react';

/** The outcome of a check, by sign, colour and words. */
export function CheckMark({ isRight, text }: { isRight: boolean; text: string }) {
  const Icon = isRight ? Check : X;
  return (
    <p className={`flex items-start gap-2 text-sm ${isRight ? 'text-earn' : 'text-bad'}`}>
      <Icon size={16} className="mt-0.5 shrink-0" aria-hidden />
      {text}
    </p>
  );
}
