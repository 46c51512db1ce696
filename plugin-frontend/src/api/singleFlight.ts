/** A request that is under way, and how many callers still want its answer. */
interface Flight {
  answer: Promise<unknown>;
  abort: AbortController;
  callers: number;
}

/**
 * Lets equal requests that are under way at the same time share one answer, and aborts a request once no caller wants it.
 * Nothing is kept after the answer has come.
 */
export class SingleFlight {
  readonly #underWay = new Map<string, Flight>();

  /**
   * The answer under way for `key`, or else that of `start`. One key always stands for one type of answer. A caller that
   * aborts its `signal` gets the signal's reason; the request goes on as long as another caller waits.
   */
  join<T>(
    key: string,
    start: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const flight = this.#underWay.get(key) ?? this.#begin(key, start);
    flight.callers += 1;
    const answer = flight.answer as Promise<T>;
    if (!signal) return answer;
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        reject(signal.reason);
        flight.callers -= 1;
        if (flight.callers > 0) return;
        this.#end(key, flight);
        flight.abort.abort();
      };
      signal.addEventListener('abort', leave, { once: true });
      answer
        .then(resolve, reject)
        .finally(() => signal.removeEventListener('abort', leave));
    });
  }

  #begin<T>(key: string, start: (signal: AbortSignal) => Promise<T>): Flight {
    const abort = new AbortController();
    const answer = start(abort.signal);
    const flight: Flight = { answer, abort, callers: 0 };
    this.#underWay.set(key, flight);
    const end = () => this.#end(key, flight);
    answer.then(end, end);
    return flight;
  }

  /** A later flight of the same key may be under way by now. */
  #end(key: string, flight: Flight): void {
    if (this.#underWay.get(key) === flight) this.#underWay.delete(key);
  }
}
