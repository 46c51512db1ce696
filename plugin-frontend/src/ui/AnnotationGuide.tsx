import { Entity } from '@backstage/catalog-model';
import { Flex, Text } from '@backstage/ui';
import {
  KEEPTRUSTS_BUDGET_ANNOTATION,
  KEEPTRUSTS_KEY_ANNOTATION,
  KEEPTRUSTS_TIER_ANNOTATION,
} from '../annotations';
import { useWords } from '../translations';
import { CopyableCode } from './CopyableCode';
import { ExternalLink } from './ExternalLink';
import { TemplateLink } from './TemplateLink';

/** The template that gives a team its access, as `catalog/` of this project names it. */
export const ONBOARDING_TEMPLATE = 'template:default/ai-team-onboard';

/** `team`, `group:team` or `group:default/team`, in the letters that a name may have. */
const OWNER = /^([\w.-]+:)?([\w.-]+\/)?(?<name>[\w.-]+)$/;

/** How to claim AI access for an entity that claims none: no error, only the lines to paste and the template to run. */
export function AnnotationGuide({
  entity,
  template = ONBOARDING_TEMPLATE,
  docs,
}: {
  entity: Entity;
  /** The entity reference of the template that onboards a team. */
  template?: string;
  /** The address of the app's own documentation. */
  docs?: string;
}) {
  const { t } = useWords();
  return (
    <Flex direction="column" gap="5">
      <Text variant="body-medium">
        {t('guide.explanation', {
          name: entity.metadata.title ?? entity.metadata.name,
        })}
      </Text>
      <CopyableCode code={annotationsFor(entity)} label={t('guide.code')} />
      <Text variant="body-small" color="secondary">
        {t('guide.note')}
      </Text>
      <Flex gap="3" align="center">
        <TemplateLink
          remedy={{ template, parameters: { teamName: ownerNameOf(entity) } }}
          label={t('remedy.onboard')}
          about="onboarding"
        />
        {docs && <ExternalLink href={docs}>{t('guide.docs')}</ExternalLink>}
      </Flex>
    </Flex>
  );
}

/**
 * The lines to add under `metadata.annotations` of `entity`'s catalog-info.yaml, its owner's name in the example of a key.
 * They have the indentation of that place and no key above them, which a file with annotations has already.
 */
export function annotationsFor(entity: Entity): string {
  return [
    `    ${KEEPTRUSTS_KEY_ANNOTATION}: ${
      ownerNameOf(entity) ?? 'my-team'
    }-gw-key`,
    `    ${KEEPTRUSTS_TIER_ANNOTATION}: tier-2-internal`,
    `    ${KEEPTRUSTS_BUDGET_ANNOTATION}: "100"`,
  ].join('\n');
}

function ownerNameOf({ spec }: Entity): string | undefined {
  const owner = spec?.owner;
  // The last part of a reference. What is none (a kind of the app's own may put anything there) is no name of a team.
  return typeof owner === 'string'
    ? OWNER.exec(owner)?.groups?.name
    : undefined;
}
