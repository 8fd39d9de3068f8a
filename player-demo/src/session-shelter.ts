/** What is kept for as long as the tab is open. */
export type Shelter = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'clear'>;

/** Browsers that forbid storage do so at the first word about it: what is kept lasts as long as the page then. */
export function openShelter(storage: () => Shelter): Shelter {
  try {
    const shelter = storage();
    shelter.getItem('frontrow');
    return shelter;
  } catch {
    return inMemory();
  }
}

export const shelter = openShelter(() => sessionStorage);

function inMemory(): Shelter {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    clear: () => kept.clear(),
  };
}
