import { Entity } from '@backstage/catalog-model';
import { Button, Text } from '@backstage/ui';
import { Scope } from '../../api/governedEntities';
import { useWords } from '../../translations';
import { annotationsFor } from '../../ui/AnnotationGuide';
import { CopyableCode } from '../../ui/CopyableCode';
import styles from './GovernancePage.module.css';

/** An entity without an owner, for the lines of an example. */
const EXAMPLE: Entity = {
  apiVersion: 'backstage.io/v1alpha1',
  kind: 'Component',
  metadata: { name: 'my-service' },
};

/** No entity of the scope claims a key: no error, only what to write, and where else to look. */
export function NoEntities({
  scope,
  onShowAll,
}: {
  scope: Scope;
  onShowAll: () => void;
}) {
  const { t } = useWords();
  const owned = scope === 'owned';
  return (
    <div className={styles.none}>
      <Text as="h2" variant="title-x-small" weight="bold">
        {owned
          ? t('overview.empty.owned.title')
          : t('overview.empty.all.title')}
      </Text>
      <Text variant="body-medium">
        {owned
          ? t('overview.empty.owned.description')
          : t('overview.empty.all.description')}
      </Text>
      <CopyableCode
        code={annotationsFor(EXAMPLE)}
        label={t('overview.empty.snippet')}
      />
      {owned && (
        <Button size="small" variant="secondary" onPress={onShowAll}>
          {t('overview.empty.owned.showAll')}
        </Button>
      )}
    </div>
  );
}
