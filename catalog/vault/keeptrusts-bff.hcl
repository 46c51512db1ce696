# The policy of keeptrusts-bff in Vault or OpenBao, for a KV engine of version 2 at `secret` (VAULT_KV_MOUNT). It names
# every path that the service uses, so that a token without the `default` policy works too.
#   vault policy write keeptrusts-bff keeptrusts-bff.hcl

# Write gateway keys. Not `read`: the service never needs a key that it has written.
path "secret/data/ai/*" {
  capabilities = ["create", "update"]
}

# Know which key is where: ids, teams and versions, and no secret.
path "secret/metadata/ai/*" {
  capabilities = ["create", "read", "update"]
}

# Find out, before a key is made, that it can be kept.
path "sys/capabilities-self" {
  capabilities = ["update"]
}
path "sys/internal/ui/mounts/secret" {
  capabilities = ["read"]
}

# Renew its own token in time.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
