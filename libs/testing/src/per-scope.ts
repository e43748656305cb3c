/** How long one thing serves: `test` (a fresh one for each) or `describe` (one for all tests beside the `use…` call). */
export type Scope = 'test' | 'describe';

/** The first start on a machine may have to download the server. */
const SET_UP_LIMIT_MS = 600_000;

/**
 * Makes something before, and ends it after, each test or all of them. The answer gives the present one;
 * outside of its scope it throws, so that a spec can't take a leftover for its own.
 */
export function perScope<T>(
  what: string,
  scope: Scope,
  make: () => Promise<T>,
  end: (made: T) => Promise<void>,
): () => T {
  let present: { readonly made: T } | undefined;
  const setUp = async (): Promise<void> => {
    present = { made: await make() };
  };
  const tearDown = async (): Promise<void> => {
    const leaving = present;
    present = undefined;
    if (leaving !== undefined) await end(leaving.made);
  };
  if (scope === 'test') {
    beforeEach(setUp, SET_UP_LIMIT_MS);
    afterEach(tearDown);
  } else {
    beforeAll(setUp, SET_UP_LIMIT_MS);
    afterAll(tearDown);
  }
  return () => {
    if (present === undefined) throw new Error(`${what} is only there inside a ${scope} that uses it.`);
    return present.made;
  };
}
