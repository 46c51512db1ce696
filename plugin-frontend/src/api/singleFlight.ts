/**
 * Lets equal requests that are under way at the same time share one answer. Nothing is kept after it has come.
 */
export class SingleFlight {
  readonly #underWay = new Map<string, Promise<unknown>>();

  /** The answer under way for `key`, or else that of `start`. One key always stands for one type of answer. */
  join<T>(key: string, start: () => Promise<T>): Promise<T> {
    const present = this.#underWay.get(key) as Promise<T> | undefined;
    if (present) return present;
    const answer = start().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, answer);
    return answer;
  }
}
