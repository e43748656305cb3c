import type { WaitingReason } from './waiting.reason';

/*
 * A reason in words, for people: one sentence, its times in UTC. Programs read the fields; the words may change.
 */

export function reasonText(reason: WaitingReason): string {
  const { group } = reason;
  const own = `${retryText(reason)}${ownText(reason)}`;
  return group ? `a plan of ${group.size} steps has ${group.done} done and waits for ${stepText(reason)}: ${own}` : own;
}

function ownText(reason: WaitingReason): string {
  const { waitingFor, since, until, url = '', eventId = '', runId = '' } = reason;
  switch (waitingFor) {
    case 'delay':
      return `starts at ${moment(until)}`;
    case 'sleep':
      return `sleeps until ${moment(until)}`;
    case 'retry':
      return `at ${moment(until)}, of ${url}`;
    case 'delivery':
      return `a delivery to ${url} is queued or running since ${moment(since)}`;
    case 'call':
      return `waits for a call of ${url}, queued or under way since ${moment(since)}`;
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
        ? `its failure callback to ${url} is queued or running since ${moment(since)}`
        : `its failure callback to ${url} is tried again at ${moment(until)}`;
  }
}

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
