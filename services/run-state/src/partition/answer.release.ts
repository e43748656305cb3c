import type { Membership, Tenure } from '@stepwell/core';
import { PartitionLost, Silence } from '@stepwell/core';

/**
 * When an answer may be given (L2, L4, architecture.md section 12.2). All four kinds go through here and nowhere else:
 *
 * 1. *committed*: after its own commit. It rests on the document's id alone: the lease doesn't matter.
 * 2. *already so*: after the commit of everything the decision saw, and under the lease.
 * 3. *refused*: the same.
 * 4. *read*: the same.
 *
 * Where two streams take part, the first two leave when both have it: after the commit come the effects that tell the other.
 *
 * What can't be released is silence: the asker asks again, whoever owns the partition by then.
 */
export type AnswerKind = 'committed' | 'already-so' | 'refused' | 'read';

/** What an answer rests on. */
export interface Grounds {
  /** Of everything the answer saw. */
  readonly commit: Promise<void>;
  /** Begun after the commit: resolves when the other streams have it, too. */
  readonly told?: () => Promise<void>;
  readonly tenure: Pick<Tenure, 'partition' | 'lost'>;
  readonly membership: Pick<Membership, 'leaseIsValid'>;
}

export async function release<Answer>(answer: Answer, kind: AnswerKind, grounds: Grounds): Promise<Answer> {
  try {
    await grounds.commit;
    if (grounds.told) await grounds.told();
  } catch (error) {
    if (error instanceof PartitionLost) throw new Silence(error.message);
    throw error;
  }
  if (kind === 'committed') return answer;
  const { tenure, membership } = grounds;
  if (tenure.lost.aborted) throw new Silence(`partition ${tenure.partition} was given up`);
  if (!membership.leaseIsValid()) throw new Silence(`the lease on partition ${tenure.partition} is over`);
  return answer;
}
