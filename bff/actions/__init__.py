"""Backstage's actions over HTTP: the service's answers as MCP tools and template steps, each as the person who asks may have it."""
