import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import { EntityInfoCard, useEntity } from '@backstage/plugin-catalog-react';
import { ReactElement, ReactNode } from 'react';
import { isKeeptrustsAvailable } from '../../annotations';
import { useGovernanceStatus } from '../../hooks';
import { useTranslation } from '../../translation';
import { Content } from '../Content';
import { FreshnessBar } from '../FreshnessBar';
import { GovernanceStateBadge } from '../StateBadge';
import { AnnotationGuide } from './AnnotationGuide';
import styles from './GovernanceStatusCard.module.css';
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
  const resource = useGovernanceStatus(stringifyEntityRef(entity));
  const status = resource.value;
  return (
    <Frame
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
    </Frame>
  );
}

function Unclaimed({ entity }: { entity: Entity }) {
  return (
    <Frame badge={<GovernanceStateBadge state="unconfigured" />}>
      <AnnotationGuide entity={entity} />
    </Frame>
  );
}

function Frame(props: {
  badge?: ReactElement;
  footer?: ReactElement;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <section aria-label={t('statusCard.title')} className={styles.card}>
      <EntityInfoCard
        title={t('statusCard.title')}
        headerActions={props.badge}
        footerActions={props.footer}
      >
        {props.children}
      </EntityInfoCard>
    </section>
  );
}
