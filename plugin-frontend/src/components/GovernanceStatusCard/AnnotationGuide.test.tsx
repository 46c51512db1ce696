import { plainEntity } from '../../fixtures/entities';
import { annotationsFor } from './AnnotationGuide';

describe('annotationsFor', () => {
  it('names a key after the owner', () => {
    expect(annotationsFor(plainEntity)).toBe(
      [
        'metadata:',
        '  annotations:',
        '    keeptrusts.dev/gateway-key-name: finance-team-gw-key',
        '    keeptrusts.dev/policy-tier: tier-2-internal',
        '    keeptrusts.dev/daily-budget: "100"',
      ].join('\n'),
    );
  });

  it.each([undefined, '', 7])(
    'has an example for an entity whose owner is %p',
    owner => {
      expect(
        annotationsFor({ ...plainEntity, spec: { owner } as {} }),
      ).toContain('my-team-gw-key');
    },
  );
});
