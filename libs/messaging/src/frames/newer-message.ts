import { MESSAGE_SCHEMA_VERSION } from '@stepwell/core';

/**
 * A newer version of this program sent it, and this one could misread it: an ask gets no answer and is asked again, a work item goes back
 * to the queue, until a newer process has it. Remedy: replace this process, too.
 */
export class NewerMessage extends Error {
  readonly code = 'NEWER_MESSAGE';
  constructor(
    readonly what: string,
    readonly found: number,
  ) {
    super(`${what} is of message schema ${found}, this program knows ${MESSAGE_SCHEMA_VERSION}: upgrade this process`);
    this.name = 'NewerMessage';
  }
}
