import { act, renderHook } from '@testing-library/react';
import {
  NotPermittedError,
  Observed,
  RequestOptions,
  UnreachableError,
} from '../api';
import { REFRESH_PAUSE_MS, useResource } from './useResource';

/** A load whose answers a test gives when it likes, in the order in which they were asked for. */
function controlledLoad() {
  const asked: {
    options: RequestOptions;
    answer(value: string): void;
    fail(error: unknown): void;
  }[] = [];
  const load = (options: RequestOptions) =>
    new Promise<Observed<string>>((resolve, reject) => {
      asked.push({
        options,
        answer: value => resolve({ value, observedAt: 1 }),
        fail: reject,
      });
    });
  return { asked, load };
}

const unreachable = () => new UnreachableError('away', { part: 'service' });

function mount(first = controlledLoad()) {
  const view = renderHook(({ subject, load }) => useResource(subject, load), {
    initialProps: { subject: 'a', load: first.load },
  });
  return { ...view, ...first };
}

describe('useResource', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('is busy without a value at first', () => {
    const { result, asked } = mount();

    expect(result.current).toMatchObject({
      busy: true,
      value: undefined,
      refreshable: false,
    });
    expect(asked.map(it => it.options)).toEqual([{ refresh: false }]);
  });

  it('has the answer once it came, with its moment', async () => {
    const { result, asked } = mount();

    await act(async () => asked[0].answer('one'));

    expect(result.current).toMatchObject({
      busy: false,
      value: 'one',
      observedAt: 1,
      refreshable: true,
    });
  });

  it('keeps the value while a refresh runs, and asks past every cache', async () => {
    const { result, asked } = mount();
    await act(async () => asked[0].answer('one'));

    act(() => result.current.refresh());

    expect(result.current).toMatchObject({ busy: true, value: 'one' });
    expect(asked[1].options).toEqual({ refresh: true });
  });

  it('does not refresh again until a pause is over', async () => {
    const { result, asked } = mount();
    await act(async () => asked[0].answer('one'));
    act(() => result.current.refresh());
    await act(async () => asked[1].answer('two'));

    act(() => result.current.refresh());
    expect(asked).toHaveLength(2);

    act(() => jest.advanceTimersByTime(REFRESH_PAUSE_MS));
    act(() => result.current.refresh());
    expect(asked).toHaveLength(3);
  });

  it('keeps the value beside the error when a refresh fails', async () => {
    const { result, asked } = mount();
    await act(async () => asked[0].answer('one'));
    act(() => result.current.refresh());

    await act(async () => asked[1].fail(unreachable()));

    expect(result.current).toMatchObject({
      value: 'one',
      error: { kind: 'unreachable' },
      busy: false,
    });
  });

  it('forgets the error when the next answer comes', async () => {
    const { result, asked } = mount();
    await act(async () => asked[0].fail(unreachable()));
    act(() => result.current.refresh());

    await act(async () => asked[1].answer('two'));

    expect(result.current).toMatchObject({ value: 'two', error: undefined });
  });

  it('takes the value away from whoever may not see it any more', async () => {
    const { result, asked } = mount();
    await act(async () => asked[0].answer('one'));
    act(() => result.current.refresh());

    await act(async () => asked[1].fail(new NotPermittedError('no')));

    expect(result.current).toMatchObject({
      value: undefined,
      error: { kind: 'not-permitted' },
    });
  });

  it('turns whatever is thrown into an error that can be told', async () => {
    const { result, asked } = mount();

    await act(async () => asked[0].fail('a string'));

    expect(result.current.error).toMatchObject({
      kind: 'service',
      message: 'a string',
    });
  });

  it('never shows the value of one subject under another', async () => {
    const { result, rerender, asked } = mount();
    await act(async () => asked[0].answer('of a'));
    const other = controlledLoad();
    const seen: unknown[] = [];

    rerender({ subject: 'b', load: other.load });
    seen.push(result.current.value);
    await act(async () => other.asked[0].answer('of b'));
    seen.push(result.current.value);

    expect(seen).toEqual([undefined, 'of b']);
  });

  it('keeps the value when only the question changes', async () => {
    const { result, rerender, asked } = mount();
    await act(async () => asked[0].answer('7 days'));

    rerender({ subject: 'a', load: controlledLoad().load });

    expect(result.current).toMatchObject({ value: '7 days', busy: true });
  });

  it('drops an answer that comes after the question has changed', async () => {
    const { result, rerender, asked } = mount();
    const other = controlledLoad();
    rerender({ subject: 'a', load: other.load });

    await act(async () => other.asked[0].answer('new'));
    await act(async () => asked[0].answer('old'));

    expect(result.current.value).toBe('new');
  });
});
