import type { RunningAttempt } from '../../messages/explaining';
import type { WaitingReason } from './waiting.reason';

/*
 * A reason in words, for people: one sentence, its times in UTC. Programs read the fields; the words may change.
 */

/** @param running where a delivery or a call is made that nothing else is waited for; undefined = nobody says that he makes it */
export function reasonText(reason: WaitingReason, running?: RunningAttempt): string {
  const { group } = reason;
  const own = `${retryText(reason)}${ownText(reason, running)}`;
  return group ? `a plan of ${group.size} steps has ${group.done} done and waits for ${stepText(reason)}: ${own}` : own;
}

function ownText(reason: WaitingReason, running: RunningAttempt | undefined): string {
  const { waitingFor, since, until, url = '', eventId = '', runId = '' } = reason;
  switch (waitingFor) {
    case 'delay':
      return `starts at ${moment(until)}`;
    case 'sleep':
      return `sleeps until ${moment(until)}`;
    case 'retry':
      return `at ${moment(until)}, of ${url}`;
    case 'delivery':
      return `a delivery to ${url} ${progressText(since, running)}`;
    case 'call':
      return `waits for a call of ${url}, which ${progressText(since, running)}`;
    case 'event':
      return `waits for event ${eventId} until ${moment(until)}`;
    case 'webhook':
      return `waits for a call of webhook ${eventId} until ${moment(until)}`;
    case 'child':
      return `waits for child run ${runId} since ${moment(since)}`;
    case 'copy':
      return `its log is being copied from run ${runId} since ${moment(since)}`;
    case 'failure-callback':
      return until === undefined
        ? `its failure callback to ${url} ${progressText(since, running)}`
        : `its failure callback to ${url} is tried again at ${moment(until)}`;
  }
}

const progressText = (queuedAt: number, running: RunningAttempt | undefined): string =>
  running
    ? `is running since ${moment(running.since)} at host ${running.host}, until ${moment(running.until)} at the latest`
    : `is queued since ${moment(queuedAt)}`;

/** What was tried before, where anything was. */
function retryText({ retry, isOutage, waitingFor }: WaitingReason): string {
  if (!retry) return '';
  const counted = isOutage ? 'tried again after an outage of the server' : `retry ${retry.number} of ${retry.of}`;
  return waitingFor === 'retry' ? `${counted} ` : `${counted}: `;
}

const stepText = ({ step }: WaitingReason): string => (step ? `step ${step.id} (${step.name})` : 'a step');

/** Beyond what a calendar knows a sleep may be asked for, too. */
function moment(ms: number | undefined): string {
  const date = new Date(ms ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? 'some time' : date.toISOString();
}
