import type { AskAddress } from '../ports/bus.port';
import type { ServiceName } from './definition';
import { subjectToken } from '../wire/subject-token';

/*
 * Every subject Stepwell uses is spelled here and nowhere else (architecture.md section 9). Tokens from users' text go through
 * `subjectToken`, so that no run id or workflow name can change a subject's shape.
 */

export const askSubject = (owner: ServiceName, address: AskAddress): string =>
  typeof address === 'string'
    ? `stepwell.ask.${owner}.${address}`
    : 'partition' in address
      ? `stepwell.ask.${owner}.${address.partition}`
      : `stepwell.ask.${owner}.member.${subjectToken(address.member)}`;

export const workSubject = (owner: ServiceName, message: string, effectId: string): string =>
  `stepwell.work.${owner}.${message}.${subjectToken(effectId)}`;

export const workFilter = (owner: ServiceName, message: string): string => `stepwell.work.${owner}.${message}.*`;

export const runTopic = (outcome: 'completed' | 'failed' | 'cancelled', workflow: string): string =>
  `stepwell.runs.${outcome}.${subjectToken(workflow)}`;

export const RUN_TOPICS = 'stepwell.runs.>';
