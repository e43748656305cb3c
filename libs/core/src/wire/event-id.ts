/** Ids of events are the users' own: any text on one line, kept in the name of a stream (protocol.md 8.5). */
const EVENT_ID = /^[^\p{Cc}\p{Cs}]{1,512}$/u;

export const isEventId = (text: string): boolean => EVENT_ID.test(text);

export const EVENT_ID_FORM = 'an event id has 1 to 512 printable characters';
