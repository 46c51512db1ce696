import { inTime } from './deadline';

const AT_ONCE = { timeoutMs: 1, part: 'catalog' } as const;

describe('inTime', () => {
  it('has what comes in time', async () => {
    await expect(inTime(AT_ONCE, async () => 'come')).resolves.toBe('come');
  });

  it('leaves an error as it is', async () => {
    const broken = new Error('broken');

    await expect(inTime(AT_ONCE, () => Promise.reject(broken))).rejects.toBe(
      broken,
    );
  });

  it('gives up what takes too long, in the name of the part that does not answer', async () => {
    await expect(
      inTime(AT_ONCE, () => new Promise(() => {})),
    ).rejects.toMatchObject({
      kind: 'unreachable',
      part: 'catalog',
      message: 'no answer within 0.001 s',
    });
  });

  it('aborts the signal of the work that it gives up', async () => {
    let given: AbortSignal | undefined;

    await expect(
      inTime(AT_ONCE, signal => {
        given = signal;
        return new Promise(() => {});
      }),
    ).rejects.toThrow();

    expect(given?.aborted).toBe(true);
  });

  it('ends at once when its own signal aborts, and aborts the work', async () => {
    const left = new AbortController();
    let given: AbortSignal | undefined;
    const answer = inTime(
      { timeoutMs: 60_000, part: 'catalog', signal: left.signal },
      signal => {
        given = signal;
        return new Promise(() => {});
      },
    );

    left.abort();

    await expect(answer).rejects.toBe(left.signal.reason);
    expect(given?.aborted).toBe(true);
  });
});
