export interface Config {
  keeptrusts?: {
    /**
     * Where the service is reached below Backstage's proxy: a key of `proxy.endpoints`. The default is `/keeptrusts`.
     *
     * @visibility frontend
     */
    proxyPath?: string;
  };
}
