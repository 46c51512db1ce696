output "team_id" {
  description = "The team's id in Keeptrusts."
  value       = keeptrusts_team.this.id
}

output "gateway_key_id" {
  description = "The gateway key's id. It is not the key."
  value       = keeptrusts_gateway_key.this.id
  sensitive   = true
}

output "gateway_key_vault_path" {
  description = "Where the key is in Vault, below the KV mount: vault kv get -mount=secret <this>."
  value       = keeptrusts_gateway_key.this.vault_path
}

output "annotations" {
  description = "Annotations for the catalog entity of what uses the key."
  value = {
    "keeptrusts.dev/gateway-key-name" = keeptrusts_gateway_key.this.name
    "keeptrusts.dev/policy-tier"      = keeptrusts_configuration.this.template_id
    "keeptrusts.dev/daily-budget"     = tostring(local.daily_budget_usd)
  }
}
