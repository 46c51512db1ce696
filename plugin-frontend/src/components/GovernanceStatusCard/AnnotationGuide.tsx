import { Entity, parseEntityRef } from '@backstage/catalog-model';
import { Text } from '@backstage/ui';
import {
  KEEPTRUSTS_BUDGET_ANNOTATION,
  KEEPTRUSTS_KEY_ANNOTATION,
  KEEPTRUSTS_TIER_ANNOTATION,
} from '../../annotations';
import { useTranslation } from '../../translation';
import { CopyableCode } from '../CopyableCode';
import styles from './GovernanceStatusCard.module.css';

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
  if (typeof owner !== 'string' || !owner) return 'my-team';
  return parseEntityRef(owner, { defaultKind: 'group' }).name;
}
