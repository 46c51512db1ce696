export interface Config {
  keeptrusts?: {
    /**
     * Where the service is reached below Backstage's proxy: a key of `proxy.endpoints`. `/keeptrusts` unless told.
     *
     * @visibility frontend
     */
    proxyPath?: string;
  };
}
