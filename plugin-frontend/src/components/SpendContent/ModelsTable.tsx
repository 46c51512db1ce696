import { Text } from '@backstage/ui';
import { useMemo } from 'react';
import { Amount, ModelSpend } from '../../api';
import { formatCount } from '../../format';
import { useTranslation } from '../../translation';
import { DataColumn, DataTable } from '../DataTable';
import { Certainty, formatBound, shareOf } from '../SpendChart';

import { ShareBar } from './ShareBar';

/** Which models the money went to, the dearest first. */
export function ModelsTable({
  models,
  total,
  certainty,
}: {
  models: readonly ModelSpend[];
  total?: Amount | null;
  certainty: Certainty;
}) {
  const { t } = useTranslation();
  const { complete, attribution } = certainty;
  const columns = useMemo(
    (): DataColumn<ModelSpend>[] => [
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
        render: ({ spent }) => formatBound(t, spent, { complete, attribution }),
      },
      {
        id: 'share',
        label: t('spend.model.share'),
        render: ({ spent }) => {
          const share = shareOf(spent, total);
          return share === undefined ? '–' : <ShareBar share={share} />;
        },
      },
      {
        id: 'requests',
        label: t('spend.model.requests'),
        numeric: true,
        render: ({ requests }) =>
          complete
            ? formatCount(requests)
            : t('spend.atLeast', { amount: formatCount(requests) }),
      },
    ],
    [t, total, complete, attribution],
  );
  if (!models.length)
    return <Text variant="body-medium">{t('spend.model.none')}</Text>;
  return (
    <DataTable
      label={t('spend.model.heading')}
      columns={columns}
      rows={models}
      idOf={idOf}
    />
  );
}

/** Bookings that name no model are one row; a model may be called anything but this. */
const idOf = ({ model }: ModelSpend) =>
  model === null ? 'unnamed' : `model:${model}`;
