import { SingleFlight } from './singleFlight';

describe('SingleFlight', () => {
  it('gives equal requests under way one answer', async () => {
    const flights = new SingleFlight();
    const start = jest.fn().mockResolvedValue('answer');

    await expect(
      Promise.all([flights.join('a', start), flights.join('a', start)]),
    ).resolves.toEqual(['answer', 'answer']);
    expect(start).toHaveBeenCalledTimes(1);
  });

  it('keeps different requests apart', async () => {
    const flights = new SingleFlight();

    await expect(
      Promise.all([
        flights.join('a', async () => 1),
        flights.join('b', async () => 2),
      ]),
    ).resolves.toEqual([1, 2]);
  });

  it.each([
    ['an answer', async () => 'answer'],
    ['a failure', async () => Promise.reject(new Error('failed'))],
  ])('remembers nothing after %s', async (_, first) => {
    const flights = new SingleFlight();
    await flights.join<string>('a', first).catch(() => undefined);

    await expect(flights.join('a', async () => 'again')).resolves.toBe('again');
  });

  it('aborts a request once no caller wants its answer, and not before', async () => {
    const flights = new SingleFlight();
    const one = new AbortController();
    const other = new AbortController();
    let request: AbortSignal | undefined;
    const start = (signal: AbortSignal) => {
      request = signal;
      return new Promise<string>(() => {});
    };
    const answers = [one, other].map(it =>
      flights.join('a', start, it.signal).catch(() => 'left'),
    );

    one.abort();
    await answers[0];
    expect(request!.aborted).toBe(false);

    other.abort();
    await answers[1];
    expect(request!.aborted).toBe(true);
  });

  it('starts a request again after the one before was aborted', async () => {
    const flights = new SingleFlight();
    const left = new AbortController();
    const first = flights.join('a', () => new Promise(() => {}), left.signal);
    left.abort();
    await first.catch(() => undefined);

    await expect(flights.join('a', async () => 'second')).resolves.toBe(
      'second',
    );
  });
});
