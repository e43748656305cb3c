import type { BodyPlace, CallProgress } from '../run.state';
import type { LogBodies } from './run-log';
import { headerLists } from './header-lists';

/** The submitted step's JSON; what isn't an object shows no fields. */
export function stepJson(bodies: LogBodies, place: BodyPlace): Readonly<Record<string, unknown>> {
  const bytes = bodies.bytes(place);
  if (!bytes) return {};
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

/** What we called for the run, and what came back (protocol.md 11, `call…`). */
export function callFields(call: CallProgress | undefined, bodies: LogBodies): object {
  if (!call) return {};
  const { answer, data } = call;
  return {
    callUrl: data.destination,
    callMethod: data.method,
    callHeaders: bodies.headers(data.forwards),
    ...bodies.field('callBody', call.place),
    ...(answer
      ? {
          callResponseStatus: answer.result.status ?? 0,
          callResponseHeaders: headerLists(answer.result.headers),
          ...bodies.field('callResponseBody', answer.body),
        }
      : {}),
  };
}
