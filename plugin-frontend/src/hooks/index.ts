export { useGovernanceStatus } from './useGovernanceStatus';
export { useGovernanceStatuses } from './useGovernanceStatuses';
export { useNow } from './useNow';
export { usePlatformStatus } from './usePlatformStatus';
export { REFRESH_PAUSE_MS, useResource } from './useResource';
export type { Resource } from './useResource';
export { useSpendReport } from './useSpendReport';
