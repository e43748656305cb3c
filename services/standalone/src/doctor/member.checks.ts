import type { MemberReport } from '@stepwell/event-store';
import { PARTITIONS } from '@stepwell/core';
import type { Finding } from './finding';
import { counted, fail, ok, some, warn } from './finding';

/*
 * Who is there, and who writes which partition: two looks at the members' documents, so far apart that whoever lives has renewed its
 * own in between (a quarter of a lease, 2.5 s).
 */

/** So far apart are the two looks at least. */
export const BETWEEN_LOOKS_MS = 4_000;

const ROLES = ['run-state', 'scheduler'] as const;

export interface Members {
  readonly alive: readonly MemberReport[];
  readonly silent: readonly MemberReport[];
}

export function membersOf(before: readonly MemberReport[], after: readonly MemberReport[]): Members {
  const pulses = new Map(before.map((member) => [nameOf(member), member.pulse]));
  const isAlive = (member: MemberReport): boolean => pulses.get(nameOf(member)) !== member.pulse;
  return { alive: after.filter(isAlive), silent: after.filter((member) => !isAlive(member)) };
}

export function memberFindings({ alive, silent }: Members): Finding[] {
  return [
    ...ROLES.map((role) =>
      roleFinding(
        role,
        alive.filter((member) => member.role === role),
      ),
    ),
    ...(silent.length === 0
      ? []
      : [
          warn(
            'members',
            `silent: ${some(silent.map(nameOf))}`,
            'nothing if they were killed: the others take their partitions when the lease is over; else look at their logs',
          ),
        ]),
  ];
}

function roleFinding(role: string, members: readonly MemberReport[]): Finding {
  if (members.length === 0) return warn('members', `no ${role} is running`, 'start it: nothing moves without it');
  const held = members.flatMap(({ holds }) => [...holds]);
  const names = some(members.map(({ memberId }) => memberId));
  const twice = [...new Set(held.filter((partition, place) => held.indexOf(partition) !== place))];
  if (twice.length > 0) {
    const text = `${counted(twice.length, 'partition')} of ${role} held by two: ${some(twice.map(String))}`;
    return fail('members', text, 'run it again; if it stays so, stop all but one of them');
  }
  const missing = PARTITIONS - held.length;
  const text = `${counted(members.length, role, `${role} processes`)} (${names})`;
  // A scheduler's partitions are not written to the log, and are in nobody's document.
  if (role === 'scheduler' || missing === 0)
    return ok('members', `${text}${role === 'scheduler' ? '' : ', every partition held'}`);
  const todo = 'run it again: they are being taken over; if it stays so, look at the logs of run-state';
  return warn('members', `${text}, ${counted(missing, 'partition')} held by nobody`, todo);
}

const nameOf = ({ role, memberId }: MemberReport): string => `${role}/${memberId}`;
