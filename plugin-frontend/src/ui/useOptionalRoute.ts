import {
  AnyParams,
  ExternalRouteRef,
  RouteFunc,
  RouteRef,
  useRouteRef,
} from '@backstage/core-plugin-api';

/** The route of `ref`; undefined in an app that does not have it. */
export function useOptionalRoute<P extends AnyParams>(
  ref: RouteRef<P> | ExternalRouteRef<P, boolean>,
): RouteFunc<P> | undefined {
  try {
    return useRouteRef(ref as RouteRef<P>);
  } catch {
    // There is no other way to ask: where the page is not mounted the hook throws after its own hooks have run.
    return undefined;
  }
}
