import { useApi } from '@backstage/core-plugin-api';
import { Coverage, keeptrustsApiRef } from '../../api';
import { Resource, useResource } from '../../ui/useResource';

/** Over how many days coverage is shown. */
export const COVERAGE_DAYS = 30;

/** Which spend of the organisation entities claim. */
export function useCoverage(): Resource<Coverage> {
  const api = useApi(keeptrustsApiRef);
  return useResource({
    owner: api,
    subject: 'coverage',
    key: `coverage/${COVERAGE_DAYS}`,
    load: options => api.getCoverage(COVERAGE_DAYS, options),
  });
}
