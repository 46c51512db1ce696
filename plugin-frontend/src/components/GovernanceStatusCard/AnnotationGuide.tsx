import { Entity } from '@backstage/catalog-model';
import { Text } from '@backstage/ui';
import {
  KEEPTRUSTS_BUDGET_ANNOTATION,
  KEEPTRUSTS_KEY_ANNOTATION,
  KEEPTRUSTS_TIER_ANNOTATION,
} from '../../annotations';
import { useTranslation } from '../../translation';
import { CopyableCode } from '../CopyableCode';
import styles from './GovernanceStatusCard.module.css';

/** `team`, `group:team` or `group:default/team`, in the letters that a name may have. */
const OWNER = /^([\w.-]+:)?([\w.-]+\/)?(?<name>[\w.-]+)$/;

/** How to claim AI access for an entity that claims none: no error, only the lines to paste. */
export function AnnotationGuide({ entity }: { entity: Entity }) {
  const { t } = useTranslation();
  return (
    <div className={styles.sections}>
      <Text variant="body-medium">
        {t('guide.explanation', {
          name: entity.metadata.title ?? entity.metadata.name,
        })}
      </Text>
      <CopyableCode code={annotationsFor(entity)} label={t('guide.code')} />
      <Text variant="body-small" color="secondary">
        {t('guide.note')}
      </Text>
    </div>
  );
}

/** The lines to add to `entity`'s catalog-info.yaml, its owner's name in the example of a key. */
export function annotationsFor(entity: Entity): string {
  return [
    'metadata:',
    '  annotations:',
    `    ${KEEPTRUSTS_KEY_ANNOTATION}: ${ownerNameOf(entity)}-gw-key`,
    `    ${KEEPTRUSTS_TIER_ANNOTATION}: tier-2-internal`,
    `    ${KEEPTRUSTS_BUDGET_ANNOTATION}: "100"`,
  ].join('\n');
}

function ownerNameOf({ spec }: Entity): string {
  const owner = spec?.owner;
  // The last part of a reference. What is none (a kind of the app's own may put anything there) is no name of a team.
  const name = typeof owner === 'string' && OWNER.exec(owner)?.groups?.name;
  return name || 'my-team';
}
