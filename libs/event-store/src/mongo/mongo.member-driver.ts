import type { Connection } from 'mongoose';
import type { MemberDocument, MemberDriver } from '../membership/member-driver';
import { isDuplicateKey, JOURNALED } from './mongo.concerns';
import { nativeCollection } from './mongo.schemas';

type StoredMember = MemberDocument & { readonly _id: string; readonly role: string };

export class MongoMemberDriver implements MemberDriver {
  private readonly members;

  constructor(connection: Connection) {
    this.members = nativeCollection<StoredMember>(connection, 'members');
  }

  async list(role: string): Promise<MemberDocument[]> {
    const found = await this.members.find({ role }).toArray();
    return found.map(({ memberId, incarnation, beat, view, holds }) => ({ memberId, incarnation, beat, view, holds }));
  }

  async join(role: string, document: MemberDocument, replaced: MemberDocument | undefined): Promise<boolean> {
    const member = { role, ...document };
    const _id = idOf(role, document.memberId);
    if (replaced !== undefined) {
      const { incarnation, beat } = replaced;
      const result = await this.members.replaceOne({ _id, incarnation, beat }, member, { writeConcern: JOURNALED });
      return result.matchedCount === 1;
    }
    try {
      await this.members.insertOne({ _id, ...member }, { writeConcern: JOURNALED });
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  async renew(role: string, document: MemberDocument): Promise<boolean> {
    const { memberId, incarnation, beat } = document;
    const result = await this.members.replaceOne(
      { _id: idOf(role, memberId), incarnation, beat: { $lt: beat } },
      { role, ...document },
      { writeConcern: JOURNALED },
    );
    return result.matchedCount === 1;
  }

  async remove(role: string, memberId: string, only: { incarnation?: string; beat?: number } = {}): Promise<boolean> {
    const filter = { _id: idOf(role, memberId), ...only };
    const result = await this.members.deleteOne(filter, { writeConcern: JOURNALED });
    return result.deletedCount === 1;
  }
}

function idOf(role: string, memberId: string): string {
  return `${role}/${memberId}`;
}
