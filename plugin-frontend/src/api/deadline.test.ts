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

  it('gives up what takes too long, in the name of whoever does not answer', async () => {
    await expect(
      inTime(AT_ONCE, () => new Promise(() => {})),
    ).rejects.toMatchObject({
      kind: 'unreachable',
      part: 'catalog',
      message: 'no answer within 0.001 s',
    });
  });

  it('tells the work that nobody waits for it any more', async () => {
    let told: AbortSignal | undefined;

    await expect(
      inTime(AT_ONCE, signal => {
        told = signal;
        return new Promise(() => {});
      }),
    ).rejects.toThrow();

    expect(told?.aborted).toBe(true);
  });
});
