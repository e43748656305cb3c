import { DISK_FAULTS } from './disk.faults';
import { ELECTION_FAULTS } from './election.faults';
import type { Fault } from './fault';
import { NETWORK_FAULTS } from './network.faults';
import { PROCESS_FAULTS } from './process.faults';
import { SERVER_FAULTS } from './server.faults';

export const SELECTIONS = ['all', 'kills', 'wipes'] as const;
export type Selection = (typeof SELECTIONS)[number];

/** What may go wrong: everything that can, or of one kind only. */
export function faultsOf(
  selection: Selection,
  { replicas, haveDisks }: { readonly replicas: 1 | 3; readonly haveDisks: boolean },
): readonly Fault[] {
  const all = [
    ...PROCESS_FAULTS,
    ...SERVER_FAULTS,
    ...NETWORK_FAULTS,
    ...(haveDisks ? DISK_FAULTS : []),
    ...(replicas === 3 ? ELECTION_FAULTS : []),
  ];
  switch (selection) {
    case 'all':
      return all;
    case 'kills':
      return all.filter(({ kind }) => kind === 'kill');
    case 'wipes':
      return all.filter(({ kind }) => kind === 'wipe');
  }
}
