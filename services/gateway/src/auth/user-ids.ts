/**
 * The users that the tokens name. Hosted tokens are base64 of `{"UserID":"…","Password":"…"}`, and a client that makes a webhook
 * reads the id out of its token and puts it into the URL (protocol.md 8.1). A token of another form names nobody.
 */
export class UserIds {
  private readonly ids: ReadonlySet<string>;

  constructor(tokens: readonly string[]) {
    this.ids = new Set(tokens.map(userIdOf).filter((id) => id !== undefined));
  }

  knows(userId: string): boolean {
    return this.ids.has(userId);
  }
}

function userIdOf(token: string): string | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(token, 'base64').toString());
    const { UserID: id } = (typeof json === 'object' && json !== null ? json : {}) as { UserID?: unknown };
    return typeof id === 'string' && id !== '' ? id : undefined;
  } catch {
    return undefined;
  }
}
