import { renderSVG } from 'uqr';

const quietModules = 4;

/** A QR code (ISO/IEC 18004), black on white under every theme, with the quiet zone that cameras want around it. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const svg = renderSVG(text, { ecc: 'M', border: quietModules });
  return (
    <img
      src={`data:image/svg+xml,${encodeURIComponent(svg)}`}
      alt={label}
      className="aspect-square w-64 max-w-full rounded-lg bg-white"
    />
  );
}
