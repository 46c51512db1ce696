{{- define "keeptrusts-bff.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "keeptrusts-bff.fullname" -}}
{{- $name := include "keeptrusts-bff.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/*
A part is {root, provisioning}: the pods that show numbers, or, with provisioning.separate, those that provision. The names
of the second end in -provisioning, so that nothing that selects the first selects them too.
*/}}
{{- define "keeptrusts-bff.partName" -}}
{{- $name := include "keeptrusts-bff.fullname" .root -}}
{{- if .provisioning -}}{{ $name | trunc 50 | trimSuffix "-" }}-provisioning{{- else -}}{{ $name }}{{- end -}}
{{- end -}}

{{- define "keeptrusts-bff.selectorLabels" -}}
app.kubernetes.io/name: {{ include "keeptrusts-bff.name" .root }}{{ if .provisioning }}-provisioning{{ end }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{- define "keeptrusts-bff.labels" -}}
{{ include "keeptrusts-bff.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* "true" for the name of a setting that only provisioning needs. */}}
{{- define "keeptrusts-bff.onlyProvisioning" -}}
{{- if or (eq . "KEEPTRUSTS_ADMIN_TOKEN") (hasPrefix "VAULT_" .) (hasPrefix "BFF_PROVISIONING_" .) -}}true{{- end -}}
{{- end -}}

{{/* Secret setting -> key in the Secret, for the pods of a part, as JSON. */}}
{{- define "keeptrusts-bff.files" -}}
{{- $found := dict -}}
{{- range $setting, $key := .root.Values.secret.files -}}
{{- if and $key (or $.provisioning (not $.root.Values.provisioning.separate) (not (include "keeptrusts-bff.onlyProvisioning" $setting))) -}}
{{- $_ := set $found $setting $key -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}

{{- define "keeptrusts-bff.secretName" -}}
{{- default (include "keeptrusts-bff.fullname" .) .Values.secret.name -}}
{{- end -}}

{{- define "keeptrusts-bff.serviceAccountName" -}}
{{- $given := .root.Values.serviceAccount.name -}}
{{- if .root.Values.serviceAccount.create -}}
{{- if $given -}}{{ $given }}{{ if .provisioning }}-provisioning{{ end }}{{- else -}}{{ include "keeptrusts-bff.partName" . }}{{- end -}}
{{- else -}}
{{- default "default" (ternary .root.Values.provisioning.serviceAccountName $given (and .provisioning (not (empty .root.Values.provisioning.serviceAccountName)))) -}}
{{- end -}}
{{- end -}}

{{/* "true" where several replicas share a database, and empty where one keeps its data in a volume. */}}
{{- define "keeptrusts-bff.database" -}}
{{- if .Values.secret.files.DATABASE_URL -}}true{{- end -}}
{{- end -}}

{{/* "true" where there can be more than one replica. */}}
{{- define "keeptrusts-bff.several" -}}
{{- if or .Values.autoscaling.enabled (gt (int .Values.replicaCount) 1) -}}true{{- end -}}
{{- end -}}

{{/* The port of probes and metrics: one of their own where BFF_ADMIN_PORT is set. */}}
{{- define "keeptrusts-bff.operationsPort" -}}
{{- ternary "admin" "http" (not (empty .Values.settings.BFF_ADMIN_PORT)) -}}
{{- end -}}

{{/* "true" where that port speaks HTTPS: TLS is for the other one. */}}
{{- define "keeptrusts-bff.operationsTls" -}}
{{- if and .Values.tls.secretName (not .Values.settings.BFF_ADMIN_PORT) -}}true{{- end -}}
{{- end -}}

{{/* What a probe asks. */}}
{{- define "keeptrusts-bff.probe" -}}
httpGet:
  path: {{ .path }}
  port: {{ include "keeptrusts-bff.operationsPort" .root }}
  {{- if include "keeptrusts-bff.operationsTls" .root }}
  scheme: HTTPS
  {{- end }}
{{- end -}}

{{/* What no schema can say. */}}
{{- define "keeptrusts-bff.validate" -}}
{{- if and (include "keeptrusts-bff.several" .) (not (include "keeptrusts-bff.database" .)) -}}
{{- $asked := ternary "autoscaling.enabled" (printf "replicaCount: %d" (int .Values.replicaCount)) .Values.autoscaling.enabled -}}
{{- fail (printf "%s needs a database: name its key in the Secret with secret.files.DATABASE_URL, or keep one replica" $asked) -}}
{{- end -}}
{{- if .Values.provisioning.separate -}}
{{- if not (include "keeptrusts-bff.database" .) -}}
{{- fail "provisioning.separate needs a database, which its pods share with the others: name its key in the Secret with secret.files.DATABASE_URL" -}}
{{- end -}}
{{- if not .Values.secret.files.KEEPTRUSTS_ADMIN_TOKEN -}}
{{- fail "provisioning.separate needs the admin token: name its key in the Secret with secret.files.KEEPTRUSTS_ADMIN_TOKEN" -}}
{{- end -}}
{{- end -}}
{{- range $setting, $_ := .Values.settings -}}
{{- if hasKey $.Values.secret.files $setting -}}
{{- fail (printf "settings.%s is a secret: put it into the Secret, and name its key with secret.files.%s" $setting $setting) -}}
{{- end -}}
{{- if has $setting (list "BFF_HOST" "BFF_DATA_DIR" "BFF_CA_FILE" "BFF_TLS_CERT_FILE" "BFF_TLS_KEY_FILE" "VAULT_KUBERNETES_TOKEN_FILE") -}}
{{- fail (printf "settings.%s is set by the chart itself: see the values ca, tls, persistence and vaultKubernetes" $setting) -}}
{{- end -}}
{{- end -}}
{{- if .Values.secret.externalSecret.enabled -}}
{{- range $setting, $key := .Values.secret.files -}}
{{- if and $key (not (hasKey $.Values.secret.externalSecret.remote $setting)) -}}
{{- fail (printf "secret.externalSecret.remote.%s is missing: secret.files names that setting, so say where the store has it" $setting) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A number or a text as an environment variable has it; Helm reads every number as a float. */}}
{{- define "keeptrusts-bff.setting" -}}
{{- if and (kindIs "float64" .) (eq . (float64 (int64 .))) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}

{{/* A rule of egress: peers and TCP ports. */}}
{{- define "keeptrusts-bff.egress" -}}
- ports:
    {{- range .ports }}
    - port: {{ . }}
      protocol: TCP
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
