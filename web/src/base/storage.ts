/** Browser storage that never throws: private windows and full disks lose convenience, not the page. */
export interface Store {
  read<T>(key: string): T | null;
  write(key: string, value: unknown): void;
  drop(key: string): void;
}

export function storeOver(area: () => Pick<Storage, "getItem" | "setItem" | "removeItem">): Store {
  const memory = new Map<string, string>();
  return {
    read<T>(key: string): T | null {
      try {
        const text = area().getItem(key) ?? memory.get(key);
        return text == null ? null : (JSON.parse(text) as T);
      } catch {
        const text = memory.get(key);
        return text === undefined ? null : (JSON.parse(text) as T);
      }
    },
    write(key, value) {
      const text = JSON.stringify(value);
      memory.set(key, text);
      try {
        area().setItem(key, text);
      } catch {
        // Kept in memory for this page.
      }
    },
    drop(key) {
      memory.delete(key);
      try {
        area().removeItem(key);
      } catch {
        // Nothing was stored.
      }
    },
  };
}

export const local = storeOver(() => localStorage);
export const session = storeOver(() => sessionStorage);
