import type { DeliverItem, HeaderList } from '@stepwell/core';
import type { DeliveryBody } from '../body/body.assembler';
import type { HistoryTails, Tail } from '../body/history.tails';
import type { HttpCallerMetrics } from '../http-caller.metrics';
import type { HttpAttempt } from '../outbound/http-attempt';

const HISTORY_HEADER = 'stepwell-history';
/** Beside results in an answer: the endpoint keeps what it was sent of the run, and takes what it has not been sent yet. */
const TAIL = 'tail';
/** With status 409: it lacks what was left out. A status alone anybody on the way may give. */
const WHOLE = 'whole';
const CONFLICT = 409;

/** What answers say of the history that they were sent, and what follows for the run's next delivery. */
export class TailKeeper {
  constructor(
    private readonly tails: HistoryTails,
    private readonly metrics: HttpCallerMetrics,
  ) {}

  tailOf(item: DeliverItem): Tail | undefined {
    return item.takesSteps ? this.tails.of(item) : undefined;
  }

  /** Whether the endpoint asks to be sent the whole of what it was sent a tail of. */
  isRefused(item: DeliverItem, { tail }: DeliveryBody, attempt: HttpAttempt): boolean {
    if (tail === undefined || !asksForWhole(attempt)) return false;
    this.tails.refused(item, tail);
    this.metrics.tail('refused');
    return true;
  }

  /** Notes what the endpoint keeps; the attempt as it is to be reported. */
  note(item: DeliverItem, { tail, entries }: DeliveryBody, attempt: HttpAttempt): HttpAttempt {
    const { steps, headers } = attempt;
    if (steps === undefined && tail === undefined) return refusedWhole(item, attempt);
    const keeps = says(headers, TAIL);
    if (tail !== undefined && keeps) this.metrics.tail('taken');
    if (!keeps || steps?.finish !== undefined) this.tails.forget(item.runId);
    else if (steps !== undefined) this.tails.taken(item, tail, entries);
    return attempt;
  }
}

function refusedWhole(item: DeliverItem, attempt: HttpAttempt): HttpAttempt {
  if (!item.takesSteps || !asksForWhole(attempt)) return attempt;
  const message = `the answer asks for the whole history (${CONFLICT}, Stepwell-History: ${WHOLE}), which it was sent`;
  return { ...attempt, error: { code: 'HTTP_ERROR', message } };
}

const asksForWhole = ({ status, headers }: HttpAttempt): boolean => status === CONFLICT && says(headers, WHOLE);

const says = (headers: HeaderList, said: string): boolean =>
  headers.some(([name, value]) => name === HISTORY_HEADER && value.trim().toLowerCase() === said);
