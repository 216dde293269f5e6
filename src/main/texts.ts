import locale from '#locales/en.json' with { type: 'json' };

/** The shell's own words. */
export const texts = locale.shell;
export const noticeTexts = locale.notices;
