{{- define "valetkey.name" -}}
{{- if contains "valetkey" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-valetkey" (.Release.Name | trunc 41 | trimSuffix "-") }}{{ end }}
{{- end }}

{{- define "valetkey.selector" -}}
app.kubernetes.io/name: valetkey
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "valetkey.labels" -}}
{{ include "valetkey.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end }}

{{/* What the pods of all components share. */}}
{{- define "valetkey.pod" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
automountServiceAccountToken: false
enableServiceLinks: false  # they would set VALETKEY_PORT, among others
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "valetkey.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "valetkey.selector" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* What their containers share. Called with a dict: root, component. */}}
{{- define "valetkey.container" -}}
name: {{ .component }}
image: "{{ .root.Values.image.repository }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}"
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: [{{ .component }}]
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* What serve and worker have that the migration does not need: settings, profiles, credentials of the store. */}}
{{- define "valetkey.configured" -}}
envFrom:
  - configMapRef:
      name: {{ include "valetkey.name" . }}-settings
  - secretRef:
      name: {{ .Values.secretName }}
volumeMounts:
  - name: config
    mountPath: /etc/valetkey
    readOnly: true
  - name: tmp
    mountPath: /tmp
{{- end }}

{{- define "valetkey.volumes" -}}
volumes:
  - name: config
    configMap:
      name: {{ include "valetkey.name" . }}-config
  - name: tmp
    emptyDir: {}
{{- end }}

{{- define "valetkey.checksums" -}}
checksum/config: {{ print .Values.settings .Values.profiles | sha256sum }}
{{- end }}
