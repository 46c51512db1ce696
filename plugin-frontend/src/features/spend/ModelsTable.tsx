import { Text } from '@backstage/ui';
import { useMemo } from 'react';
import { Amount, ModelSpend } from '../../api';
import { Certainty } from '../../domain/bounds';
import { shareOf } from '../../domain/spendSeries';
import { useWords } from '../../translations';
import { DataColumn, DataTable } from '../../ui/DataTable';

import { clampRatio } from '../../domain/ratio';
import styles from './SpendContent.module.css';

/** Which models the money went to, the dearest first. */
export function ModelsTable({
  models,
  total,
  certainty: { complete, attribution },
}: {
  models: readonly ModelSpend[];
  total?: Amount | null;
  certainty: Certainty;
}) {
  const words = useWords();
  const columns = useMemo((): DataColumn<ModelSpend>[] => {
    const { t, money, count } = words;
    const certainty = { complete, attribution };
    return [
      {
        id: 'model',
        label: t('spend.model.name'),
        rowHeader: true,
        render: ({ model }) => model ?? t('spend.model.unnamed'),
      },
      {
        id: 'spent',
        label: t('spend.model.spent'),
        numeric: true,
        render: ({ spent }) => words.bound(money(spent), certainty),
      },
      {
        id: 'share',
        label: t('spend.model.share'),
        render: ({ spent }) => {
          const share = shareOf(spent, total);
          return share === undefined ? (
            t('overview.nothing')
          ) : (
            <ShareBar share={share} />
          );
        },
      },
      {
        id: 'requests',
        label: t('spend.model.requests'),
        numeric: true,
        render: ({ requests }) => words.bound(count(requests), certainty),
      },
    ];
  }, [words, total, complete, attribution]);
  if (!models.length)
    return <Text variant="body-medium">{words.t('spend.model.none')}</Text>;
  return (
    <DataTable
      label={words.t('spend.model.heading')}
      columns={columns}
      rows={models}
      idOf={idOf}
    />
  );
}

/** Requests that name no model are one row; a model may be called anything but this. */
const idOf = ({ model }: ModelSpend) =>
  model === null ? 'unnamed' : `model:${model}`;

/** A share in words, and as a length beside the others of its column. */
function ShareBar({ share }: { share: number }) {
  const { ratio } = useWords();
  return (
    <span className={styles.share}>
      <span aria-hidden className={styles.shareTrack}>
        <span
          className={styles.shareFill}
          style={{ inlineSize: `${clampRatio(share) * 100}%` }}
        />
      </span>
      <span className={styles.shareText}>{ratio(share)}</span>
    </span>
  );
}
