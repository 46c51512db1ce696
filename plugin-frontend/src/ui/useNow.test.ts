import { act, renderHook } from '@testing-library/react';
import { useNow } from './useNow';

describe('useNow', () => {
  beforeEach(() => jest.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => jest.useRealTimers());

  it('goes on with the clock, step by step', () => {
    const { result } = renderHook(() => useNow(5_000));

    act(() => jest.advanceTimersByTime(4_999));
    expect(result.current).toBe(1_000_000);

    act(() => jest.advanceTimersByTime(1));
    expect(result.current).toBe(1_005_000);
  });

  it('stops when no component uses it any more', () => {
    const { unmount } = renderHook(() => useNow(5_000));

    unmount();

    expect(jest.getTimerCount()).toBe(0);
  });

  it('has one timer, however many components use it', () => {
    const all = [1, 2, 3].map(() => renderHook(() => useNow(5_000)));

    expect(jest.getTimerCount()).toBe(1);
    all.forEach(({ unmount }) => unmount());
  });

  it('stands still while the page is hidden, and is right when it is seen again', () => {
    const { result, unmount } = renderHook(() => useNow(5_000));
    const visibility = jest.spyOn(document, 'visibilityState', 'get');

    visibility.mockReturnValue('hidden');
    act(() => {
      document.dispatchEvent(new Event('visibilitychange'));
    });
    expect(jest.getTimerCount()).toBe(0);

    act(() => jest.advanceTimersByTime(60_000));
    expect(result.current).toBe(1_000_000);
    visibility.mockReturnValue('visible');
    act(() => {
      document.dispatchEvent(new Event('visibilitychange'));
    });
    expect(result.current).toBe(1_060_000);
    unmount();
    visibility.mockRestore();
  });
});
