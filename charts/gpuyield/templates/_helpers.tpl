{{/* The name of the release's objects. */}}
{{- define "gpuyield.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* What selects the pods of a component: (dict "root" $ "component" "collector"). */}}
{{- define "gpuyield.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "gpuyield.labels" -}}
{{ include "gpuyield.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "gpuyield.metadata" -}}
name: {{ include "gpuyield.name" .root }}-{{ .component }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "gpuyield.labels" . | nindent 2 }}
{{- end }}

{{- define "gpuyield.image" -}}
{{- with .Values.image.registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* What every pod of a component has: (dict "root" $ "component" "collector" "values" .Values.collector). */}}
{{- define "gpuyield.podMetadata" -}}
labels:
  {{- include "gpuyield.labels" . | nindent 2 }}
  {{- with .values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- $scraped := and .root.Values.monitoring.annotations (has .component (list "nvidia" "neuron" "collector" "publisher")) }}
{{- if or $scraped .values.podAnnotations .checksum }}
annotations:
  {{- if $scraped }}
  prometheus.io/scrape: "true"
  prometheus.io/port: {{ .values.port | quote }}
  prometheus.io/scheme: {{ ternary "https" "http" (ne .values.webConfigSecret "") }}
  {{- end }}
  {{- with .checksum }}
  checksum/configuration: {{ . }}
  {{- end }}
  {{- with .values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "gpuyield.scheduling" -}}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Of a pod that needs nothing of its node. */}}
{{- define "gpuyield.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "gpuyield.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Both paths answer without a password. */}}
{{- define "gpuyield.probes" -}}
{{- range $probe, $path := dict "livenessProbe" "/-/healthy" "readinessProbe" "/-/ready" }}
{{ $probe }}:
  httpGet:
    path: {{ $path }}
    port: metrics
    scheme: {{ ternary "HTTPS" "HTTP" (ne $.values.webConfigSecret "") }}
  periodSeconds: 15
  timeoutSeconds: 5
{{- end }}
{{- end }}

{{/* Which server is read, and how. */}}
{{- define "gpuyield.origin" -}}
- --prometheus={{ required "prometheusUrl must name the Prometheus-compatible server that the publisher reads; or switch it off (publisher.enabled=false)" .Values.prometheusUrl }}
{{- with .Values.clusterName }}
- --match=cluster={{ . }}
{{- end }}
{{- range .Values.prometheusArguments }}
- {{ . | quote }}
{{- end }}
{{- end }}

{{- define "gpuyield.pricing" -}}
{{- if .Values.prices.rateCard }}
- --prices=/etc/gpuyield/prices/rate-card.yaml
{{- end }}
{{- if .Values.prices.askAws }}
- --ask-aws
{{- end }}
{{- end }}

{{- define "gpuyield.objectives" -}}
{{- range .Values.slo }}
- --slo={{ . }}
{{- end }}
{{- end }}

{{- define "gpuyield.mounts" -}}
- name: scratch
  mountPath: /tmp
{{- if .root.Values.prices.rateCard }}
- name: prices
  mountPath: /etc/gpuyield/prices
  readOnly: true
{{- end }}
{{- if .values.webConfigSecret }}
- name: web-config
  mountPath: /etc/gpuyield/web
  readOnly: true
{{- end }}
{{- end }}

{{- define "gpuyield.volumes" -}}
- name: scratch
  emptyDir:
    sizeLimit: 4Gi
{{- if .root.Values.prices.rateCard }}
- name: prices
  configMap:
    name: {{ include "gpuyield.name" .root }}-prices
{{- end }}
{{- if .values.webConfigSecret }}
- name: web-config
  secret:
    secretName: {{ .values.webConfigSecret }}
{{- end }}
{{- end }}
