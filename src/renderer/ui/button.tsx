import type { ButtonHTMLAttributes } from 'react';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  size?: 'small' | 'normal';
  look?: 'plain' | 'accent';
}

export function Button({ size = 'normal', look = 'plain', className = '', ...rest }: ButtonProps) {
  const sizes = size === 'small' ? 'px-2.5 py-1 text-xs' : 'px-4 py-2 text-sm';
  const looks =
    look === 'accent'
      ? 'border-accent bg-accent text-on-accent hover:brightness-110'
      : 'border-line bg-panel-2 text-text hover:border-dim';
  return (
    <button
      type="button"
      {...rest}
      className={`inline-flex cursor-pointer items-center justify-center gap-2 whitespace-nowrap rounded-lg border font-medium focus-visible:outline-2 focus-visible:outline-offset-2 focus-visible:outline-accent disabled:cursor-default disabled:opacity-50 ${sizes} ${looks} ${className}`}
    />
  );
}
