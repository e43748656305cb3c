/** One process of one role, as the others see it. */
export interface MemberDocument {
  readonly memberId: string;
  /** Random, new at every joining: tells a process from a namesake and from its own former life. */
  readonly incarnation: string;
  /** Grows with every renewal. That it changes is all that counts. */
  readonly beat: number;
  /** Ids of the members by which this one reckons what it owns. */
  readonly view: readonly string[];
  /** Partitions it writes at the moment, or is about to. */
  readonly holds: readonly number[];
}

/** What membership needs of a database. All of it must be linearizable: majority writes, reads at the primary. */
export interface MemberDriver {
  list(role: string): Promise<MemberDocument[]>;
  /**
   * Writes the document in the place of `replaced` as it was read, or where there was none. False = that has changed, nothing is
   * written.
   */
  join(role: string, document: MemberDocument, replaced: MemberDocument | undefined): Promise<boolean>;
  /** Replaces the document of the same incarnation and a lower beat. False = there is none. */
  renew(role: string, document: MemberDocument): Promise<boolean>;
  /** Removes the document, if a given incarnation (and beat) is still the one there. False = nothing was removed. */
  remove(role: string, memberId: string, only?: { incarnation: string; beat?: number }): Promise<boolean>;
}
