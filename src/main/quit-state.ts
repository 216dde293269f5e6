/** Set once the person wants to leave: from then on closing the window ends it. */
export const quitState = { isQuitting: false };
