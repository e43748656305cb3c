import type { MemberDocument, MemberDriver } from '../membership/member-driver';
import type { MemoryData } from './memory-data';

export class MemoryMemberDriver implements MemberDriver {
  constructor(private readonly data: MemoryData) {}

  list(role: string): Promise<MemberDocument[]> {
    const all = [...this.data.members].filter(([key]) => key.startsWith(`${role}/`));
    return Promise.resolve(all.map(([, document]) => structuredClone(document)));
  }

  join(role: string, document: MemberDocument, replaced: MemberDocument | undefined): Promise<boolean> {
    const present = this.data.members.get(`${role}/${document.memberId}`);
    const asRead = present?.incarnation === replaced?.incarnation && present?.beat === replaced?.beat;
    if (asRead) this.set(role, document);
    return Promise.resolve(asRead);
  }

  renew(role: string, document: MemberDocument): Promise<boolean> {
    const present = this.data.members.get(`${role}/${document.memberId}`);
    if (present?.incarnation !== document.incarnation || present.beat >= document.beat) return Promise.resolve(false);
    this.set(role, document);
    return Promise.resolve(true);
  }

  remove(role: string, memberId: string, only?: { incarnation: string; beat?: number }): Promise<boolean> {
    const present = this.data.members.get(`${role}/${memberId}`);
    const another = only !== undefined && only.incarnation !== present?.incarnation;
    const renewed = only?.beat !== undefined && only.beat !== present?.beat;
    return Promise.resolve(!another && !renewed && this.data.members.delete(`${role}/${memberId}`));
  }

  private set(role: string, document: MemberDocument): void {
    this.data.members.set(`${role}/${document.memberId}`, structuredClone(document));
  }
}
