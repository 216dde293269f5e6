import { figure } from './figure.ts';

const mostIdleSeconds = 366 * 86_400;

/** What `xprintidle` prints: milliseconds since the last key or move of the mouse. In seconds. */
export const parseXprintidle = (text: string): number | null => seconds(text);

/** What GNOME answers of its idle time: `(uint64 5230,)`. */
export const parseGnomeIdle = (text: string): number | null =>
  seconds(/^\(uint64 (\d+),\)\s*$/.exec(text.trim())?.[1]);

function seconds(milliseconds: string | undefined): number | null {
  const value = figure(milliseconds, 0, mostIdleSeconds * 1000);
  return value === null ? null : Math.floor(value / 1000);
}

/** The window that is worked in, of `xprop -root _NET_ACTIVE_WINDOW`. */
export function parseActiveWindow(text: string): string | null {
  const id = /_NET_ACTIVE_WINDOW\(WINDOW\): window id # (0x[\da-f]+)/i.exec(text)?.[1];
  return id && Number(id) !== 0 ? id : null;
}

/** The name of a window's program if it fills the screen, of `xprop -id … _NET_WM_STATE WM_CLASS`; else null. */
export function parseFullScreenWindow(text: string): string | null {
  if (!/^_NET_WM_STATE\(ATOM\) = .*\b_NET_WM_STATE_FULLSCREEN\b/m.test(text)) return null;
  const names = [...(/^WM_CLASS\(STRING\) = (.*)$/m.exec(text)?.[1] ?? '').matchAll(/"([^"]{1,200})"/g)];
  return othersApp(names.at(-1)?.[1] ?? null);
}

/** What the script below prints on macOS: the program that fills the screen, or nothing. */
export function parseMacFullScreen(text: string): string | null {
  const name = text.trim();
  return name === '' || name.length > 200 || /[\n\r]/.test(name) ? null : othersApp(name);
}

/** This app's own window is nobody else's program. */
export const othersApp = (name: string | null): string | null =>
  name && !/^solanalm/i.test(name) ? name : null;

/**
 * For `osascript -l JavaScript`: the owner of the foremost ordinary window, when it is as large as the screen. Neither names nor bounds
 * of windows' owners need a permission.
 */
export const macFullScreenScript = `
ObjC.import('AppKit');
ObjC.import('CoreGraphics');
const front = $.NSWorkspace.sharedWorkspace.frontmostApplication;
const size = $.NSScreen.mainScreen.frame.size;
const list = ObjC.deepUnwrap(ObjC.castRefToObject($.CGWindowListCopyWindowInfo(17, 0)));
const isFull = (list || []).some(({ kCGWindowOwnerPID, kCGWindowLayer, kCGWindowBounds }) =>
  kCGWindowOwnerPID === front.processIdentifier && kCGWindowLayer === 0 &&
  kCGWindowBounds.Width >= size.width && kCGWindowBounds.Height >= size.height);
isFull ? ObjC.unwrap(front.localizedName) : '';
`;

/** What `nmcli -t -f GENERAL.METERED dev show …` says; a guess of NetworkManager's counts. Null where it does not know. */
export function parseMetered(text: string): boolean | null {
  const word = /^GENERAL\.METERED:(\w+)/m.exec(text)?.[1];
  return word === 'yes' ? true : word === 'no' ? false : null;
}
