import { isKeeptrustsError, NotPermittedError } from './errors';

describe('isKeeptrustsError', () => {
  it('knows the errors of another copy of the module', () => {
    let other: typeof import('./errors') | undefined;
    jest.isolateModules(() => {
      other = require('./errors');
    });
    const error = new other!.NotPermittedError('no');

    expect(error).not.toBeInstanceOf(NotPermittedError);
    expect(isKeeptrustsError(error)).toBe(true);
  });

  it.each([
    new Error('no'),
    Object.assign(new Error('no'), { kind: 'toString' }),
    { kind: 'service' },
    null,
  ])('does not take %p for one', error => {
    expect(isKeeptrustsError(error)).toBe(false);
  });
});
