import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import { useEntity } from '@backstage/plugin-catalog-react';
import { isKeeptrustsAvailable, keeptrustsInstanceOf } from '../../annotations';
import { GovernanceStatus } from '../../api';
import { useWords } from '../../translations';
import { AnnotationGuide } from '../../ui/AnnotationGuide';
import { CardFrame } from '../../ui/CardFrame';
import { Content } from '../../ui/Content';
import { Findings } from '../../ui/Findings';
import { FreshnessBar } from '../../ui/FreshnessBar';
import { GovernanceStateBadge } from '../../ui/StateBadge';
import { Section } from './sections';
import { StatusContent } from './StatusContent';
import { StatusSkeleton } from './StatusSkeleton';
import { useGovernanceStatus } from './useGovernanceStatus';

/**
 * How an app shows the card.
 *
 * @public
 */
export interface StatusCardOptions {
  /** Findings, money and key alone, in the room of a card beside the content. */
  compact?: boolean;
  /** The parts to show; all of them by default. */
  sections?: readonly Section[];
  /** The entity reference of the template that onboards a team; the default is `template:default/ai-team-onboard`. */
  onboardingTemplate?: string;
  /** The address of the app's own documentation of AI access. */
  docsUrl?: string;
}

/**
 * What the entity of this page claims of AI access and what Keeptrusts knows of it. An entity without the annotation is
 * not asked about: it gets the YAML to paste.
 */
export function GovernanceStatusCard(options: StatusCardOptions) {
  const { entity } = useEntity();
  return isKeeptrustsAvailable(entity) ? (
    <ClaimedStatus entity={entity} options={options} />
  ) : (
    <Unclaimed entity={entity} options={options} />
  );
}

interface PartProps {
  entity: Entity;
  options: StatusCardOptions;
}

function ClaimedStatus({ entity, options }: PartProps) {
  const { t } = useWords();
  const resource = useGovernanceStatus(
    stringifyEntityRef(entity),
    keeptrustsInstanceOf(entity),
  );
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
        empty={
          status && isOfAnother(status) ? (
            <Findings findings={status.findings} />
          ) : (
            <Guide entity={entity} options={options} />
          )
        }
      >
        {it => (
          <StatusContent
            status={it}
            entity={entity}
            clockAheadMs={resource.clockAheadMs}
            compact={options.compact}
            sections={options.sections}
          />
        )}
      </Content>
    </CardFrame>
  );
}

/** The service shows another Keeptrusts than the entity's, which no annotation of the guide changes. */
const isOfAnother = ({ findings }: GovernanceStatus): boolean =>
  findings.some(({ params }) => params?.instance ?? params?.serves);

function Unclaimed({ entity, options }: PartProps) {
  const { t } = useWords();
  return (
    <CardFrame
      title={t('statusCard.title')}
      badge={<GovernanceStateBadge state="unconfigured" />}
    >
      <Guide entity={entity} options={options} />
    </CardFrame>
  );
}

const Guide = ({ entity, options }: PartProps) => (
  <AnnotationGuide
    entity={entity}
    template={options.onboardingTemplate}
    docs={options.docsUrl}
  />
);
