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

    await expect(flights.join('a', async () => 'anew')).resolves.toBe('anew');
  });
});
