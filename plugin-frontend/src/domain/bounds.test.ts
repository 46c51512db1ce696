import { boundOf } from './bounds';

describe('boundOf', () => {
  it.each([
    [true, 'key', 'exact'],
    [true, null, 'exact'],
    [false, 'key', 'at-least'],
    [true, 'team', 'at-most'],
    [false, 'team', 'about'],
  ] as const)(
    'takes a sum that is complete: %p, of the %s, for %s',
    (complete, attribution, bound) => {
      expect(boundOf({ complete, attribution })).toBe(bound);
    },
  );
});
