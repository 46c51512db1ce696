import { plainEntity } from '../fixtures/entities';
import { annotationsFor } from './AnnotationGuide';

describe('annotationsFor', () => {
  it('names a key after the owner, in lines that fit under annotations that are there', () => {
    expect(annotationsFor(plainEntity)).toBe(
      [
        '    keeptrusts.dev/gateway-key-name: finance-team-gw-key',
        '    keeptrusts.dev/policy-tier: tier-2-internal',
        '    keeptrusts.dev/daily-budget: "100"',
      ].join('\n'),
    );
  });

  it.each(['team-a', 'group:team-a', 'Group:default/team-a'])(
    'takes the name of an owner written as %s',
    owner => {
      expect(annotationsFor({ ...plainEntity, spec: { owner } })).toContain(
        ': team-a-gw-key',
      );
    },
  );

  it.each([undefined, '', 7, 'https://example.com/team', 'my: team'])(
    'has an example for an entity whose owner is %p',
    owner => {
      expect(
        annotationsFor({ ...plainEntity, spec: { owner } as {} }),
      ).toContain('my-team-gw-key');
    },
  );
});
