import { MemoryData } from '../memory/memory-data';
import { MemoryLogDriver } from '../memory/memory.log-driver';
import { MemoryMemberDriver } from '../memory/memory.member-driver';
import { MemoryRunRows } from '../memory/memory.run-rows';
import { createMemoryStore } from '../memory/memory.store';
import type { Store } from '../store';
import type { StoreFixture } from './log-fixture';
import { REAL_CLOCK } from './test-clocks';

export function makeMemoryFixture(): Promise<StoreFixture> {
  const data = new MemoryData();
  const opened: Store[] = [];
  return Promise.resolve({
    driver: new MemoryLogDriver(data),
    members: new MemoryMemberDriver(data),
    rowsOfVersion: (rowVersion) => new MemoryRunRows(data, rowVersion),
    open: async (clock = REAL_CLOCK) => {
      const store = createMemoryStore({ clock, data });
      opened.push(store);
      await store.prepare();
      return store;
    },
    dispose: async () => {
      await Promise.all(opened.map((store) => store.close()));
    },
  });
}
