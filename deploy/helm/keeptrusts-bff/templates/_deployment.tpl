{{/* The Deployment of one part, which is {root, provisioning}. */}}
{{- define "keeptrusts-bff.deployment" -}}
{{- $root := .root -}}
{{- $account := and .root.Values.settings.VAULT_KUBERNETES_ROLE (or .provisioning (not .root.Values.provisioning.separate)) -}}
{{- with $root -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "keeptrusts-bff.partName" $ }}
  labels:
    {{- include "keeptrusts-bff.labels" $ | nindent 4 }}
spec:
  {{- if $.provisioning }}
  replicas: {{ int .Values.provisioning.replicaCount }}
  {{- else if not .Values.autoscaling.enabled }}
  replicas: {{ int .Values.replicaCount }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "keeptrusts-bff.selectorLabels" $ | nindent 6 }}
  strategy:
    {{- if include "keeptrusts-bff.database" . }}
    # A new pod is ready before an old one goes.
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
    {{- else }}
    # The volume is one pod's at a time.
    type: Recreate
    {{- end }}
  template:
    metadata:
      labels:
        {{- include "keeptrusts-bff.selectorLabels" $ | nindent 8 }}
        {{- with .Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        # A change of settings starts new pods.
        checksum/config: {{ include (print $root.Template.BasePath "/configmap.yaml") . | sha256sum }}
        {{- with .Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "keeptrusts-bff.serviceAccountName" $ }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      # BFF_DRAIN_SECONDS, the five seconds in which open requests end, and fifteen to spare.
      terminationGracePeriodSeconds: {{ add 20 (ceil (.Values.settings.BFF_DRAIN_SECONDS | default 10 | float64) | int64) }}
      {{- with .Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        fsGroupChangePolicy: OnRootMismatch
        seccompProfile:
          type: RuntimeDefault
      {{- with .Values.topologySpreadConstraints }}
      topologySpreadConstraints:
        {{- range . }}
        - {{- toYaml . | nindent 10 }}
          labelSelector:
            matchLabels:
              {{- include "keeptrusts-bff.selectorLabels" $ | nindent 14 }}
        {{- end }}
      {{- end }}
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: keeptrusts-bff
          {{- with .Values.image }}
          image: {{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ default $root.Chart.AppVersion .tag }}{{ end }}
          imagePullPolicy: {{ .pullPolicy }}
          {{- end }}
          args: [serve]
          ports:
            - name: http
              containerPort: {{ int (.Values.settings.BFF_PORT | default 8787) }}
            {{- with .Values.settings.BFF_ADMIN_PORT }}
            - name: admin
              containerPort: {{ int . }}
            {{- end }}
          envFrom:
            - configMapRef:
                name: {{ include "keeptrusts-bff.fullname" . }}
            {{- if $.provisioning }}
            - configMapRef:
                name: {{ include "keeptrusts-bff.partName" $ }}
            {{- end }}
          env:
            {{- range $setting, $key := include "keeptrusts-bff.files" $ | fromJson }}
            - name: {{ $setting }}_FILE
              value: /run/secrets/keeptrusts-bff/{{ $key }}
            {{- end }}
            {{- if $account }}
            - name: VAULT_KUBERNETES_TOKEN_FILE
              value: /run/secrets/vault/token
            {{- end }}
            {{- with .Values.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          # Of this process alone: a restart repairs nothing of Keeptrusts or Backstage.
          livenessProbe:
            {{- include "keeptrusts-bff.probe" (dict "root" . "path" "/livez") | nindent 12 }}
            periodSeconds: 10
            timeoutSeconds: 3
            failureThreshold: 3
          # 200 once Keeptrusts was tried, whether or not it answered, and 503 while draining.
          readinessProbe:
            {{- include "keeptrusts-bff.probe" (dict "root" . "path" "/readyz") | nindent 12 }}
            periodSeconds: 3
            timeoutSeconds: 2
            failureThreshold: 2
          startupProbe:
            {{- include "keeptrusts-bff.probe" (dict "root" . "path" "/livez") | nindent 12 }}
            periodSeconds: 1
            failureThreshold: 30
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
          volumeMounts:
            - name: secrets
              mountPath: /run/secrets/keeptrusts-bff
              readOnly: true
            {{- if $account }}
            - name: vault-token
              mountPath: /run/secrets/vault
              readOnly: true
            {{- end }}
            {{- if .Values.ca.name }}
            - name: ca
              mountPath: /etc/keeptrusts-bff/ca
              readOnly: true
            {{- end }}
            {{- if .Values.tls.secretName }}
            - name: tls
              mountPath: /etc/keeptrusts-bff/tls
              readOnly: true
            {{- end }}
            {{- if not (include "keeptrusts-bff.database" .) }}
            - name: data
              mountPath: /var/lib/keeptrusts-bff
            {{- end }}
            # Large queries of SQLite and large bodies pass through it.
            - name: tmp
              mountPath: /tmp
            {{- with .Values.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - name: secrets
          secret:
            secretName: {{ include "keeptrusts-bff.secretName" . }}
            # Readable for the group, which is the process' own (fsGroup).
            defaultMode: 0440
            items:
              {{- range $setting, $key := include "keeptrusts-bff.files" $ | fromJson }}
              - key: {{ $key }}
                path: {{ $key }}
              {{- end }}
        {{- if $account }}
        # The kubelet replaces it before it ends, and the service reads it again.
        - name: vault-token
          projected:
            defaultMode: 0440
            sources:
              - serviceAccountToken:
                  audience: {{ .Values.vaultKubernetes.audience }}
                  expirationSeconds: {{ int .Values.vaultKubernetes.expirationSeconds }}
                  path: token
        {{- end }}
        {{- if .Values.ca.name }}
        - name: ca
          {{- if eq .Values.ca.kind "Secret" }}
          secret:
            secretName: {{ .Values.ca.name }}
            defaultMode: 0440
          {{- else }}
          configMap:
            name: {{ .Values.ca.name }}
          {{- end }}
            items:
              - key: {{ .Values.ca.key }}
                path: {{ .Values.ca.key }}
        {{- end }}
        {{- with .Values.tls.secretName }}
        - name: tls
          secret:
            secretName: {{ . }}
            defaultMode: 0440
        {{- end }}
        {{- if not (include "keeptrusts-bff.database" .) }}
        - name: data
          {{- if .Values.persistence.enabled }}
          persistentVolumeClaim:
            claimName: {{ default (include "keeptrusts-bff.fullname" .) .Values.persistence.existingClaim }}
          {{- else }}
          emptyDir: {}
          {{- end }}
        {{- end }}
        - name: tmp
          emptyDir: {}
        {{- with .Values.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
{{- end -}}
{{- end -}}
