import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import { useEntity } from '@backstage/plugin-catalog-react';
import { isKeeptrustsAvailable } from '../../annotations';
import { useGovernanceStatus } from '../../hooks';
import { useTranslation } from '../../translation';
import { CardFrame } from '../CardFrame';
import { Content } from '../Content';
import { FreshnessBar } from '../FreshnessBar';
import { GovernanceStateBadge } from '../StateBadge';
import { AnnotationGuide } from './AnnotationGuide';
import { StatusContent } from './StatusContent';
import { StatusSkeleton } from './StatusSkeleton';

/**
 * What the entity of this page claims of AI access and what Keeptrusts knows of it. An entity without the annotation is
 * not asked about: it gets the YAML to paste.
 */
export function GovernanceStatusCard() {
  const { entity } = useEntity();
  return isKeeptrustsAvailable(entity) ? (
    <ClaimedStatus entity={entity} />
  ) : (
    <Unclaimed entity={entity} />
  );
}

function ClaimedStatus({ entity }: { entity: Entity }) {
  const { t } = useTranslation();
  const resource = useGovernanceStatus(stringifyEntityRef(entity));
  const status = resource.value;
  return (
    <CardFrame
      title={t('statusCard.title')}
      badge={status && <GovernanceStateBadge state={status.state} />}
      footer={
        status && (
          <FreshnessBar resource={resource} stale={status.freshness.stale} />
        )
      }
    >
      <Content
        resource={resource}
        skeleton={<StatusSkeleton />}
        isEmpty={it => it.state === 'unconfigured'}
        empty={<AnnotationGuide entity={entity} />}
      >
        {it => <StatusContent status={it} />}
      </Content>
    </CardFrame>
  );
}

function Unclaimed({ entity }: { entity: Entity }) {
  const { t } = useTranslation();
  return (
    <CardFrame
      title={t('statusCard.title')}
      badge={<GovernanceStateBadge state="unconfigured" />}
    >
      <AnnotationGuide entity={entity} />
    </CardFrame>
  );
}
