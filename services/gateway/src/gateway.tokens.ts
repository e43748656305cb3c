/** Tokens and signing keys in force: `Credentials`, from settings. */
export const CREDENTIALS = Symbol('Credentials');
