import { headerLists } from '../run/log/header-lists';
import type { LogBodies } from '../run/log/run-log';
import type { BodyPlace } from '../run/run.state';
import { stepKind } from '../steps';
import type { RunScenario } from './run-scenario';

/** Bodies as they lie in the scenario's history; everything of the user's is shown as `shown` makes it. */
export function bodiesOf(run: RunScenario, shown = (value: unknown): unknown => value): LogBodies {
  const bytes = ({ version, event, body }: BodyPlace): Uint8Array | undefined =>
    'inline' in body ? run.history[version - 1]?.events[event]?.bodies[body.inline] : undefined;
  return {
    bytes,
    field: (name, place) => (place ? { [name]: shown(new TextDecoder().decode(bytes(place))) } : {}),
    value: (name, value) => (value === undefined ? {} : { [name]: shown(value) }),
    headers: (headers) => headerLists(headers.map(([name, value]) => [name, String(shown(value))])),
    shown: (stepType, json) => stepKind(stepType).show(json),
  };
}
