import { clampRatio, formatCount, formatRatio } from './ratio';

describe('formatRatio', () => {
  it.each([
    [0, '0%'],
    [0.29, '29%'],
    [0.999, '99%'],
    [1, '100%'],
    [1.225, '122%'],
    [-0.0001, '0%'],
    [-0.129, '-12%'],
  ])('rounds %d towards nothing, in whole percent: %s', (ratio, text) => {
    expect(formatRatio(ratio, 'en-US')).toBe(text);
  });

  it('says that little is not nothing', () => {
    expect(formatRatio(0.0000084, 'en-US')).toBe('<1%');
  });
});

describe('clampRatio', () => {
  it('holds a share within a bar', () => {
    expect([-0.1, 0.4, 7].map(clampRatio)).toEqual([0, 0.4, 1]);
  });
});

describe('formatCount', () => {
  it('groups digits as the locale does', () => {
    expect(formatCount(1234567, 'en-US')).toBe('1,234,567');
  });
});
