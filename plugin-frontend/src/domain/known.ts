/**
 * What `table` has for a value of the wire; undefined for one that a newer service knows and this plugin does not. A new
 * word must not cost the reader the whole card.
 */
export function known<V>(
  table: Readonly<Record<string, V>>,
  value: string,
): V | undefined {
  return Object.hasOwn(table, value) ? table[value] : undefined;
}
