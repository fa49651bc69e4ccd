{{/* Which nodes have NVIDIA GPUs: Karpenter's labels, Auto Mode's, GPU feature discovery's, and the type itself, which
plain node groups carry too. Fractional types (g6f, gr6f) are in the list though they advertise no whole GPU. */}}
{{- define "gpuyield.nvidiaNodes" -}}
{{- range list "karpenter.k8s.aws/instance-gpu-count" "eks.amazonaws.com/instance-gpu-count" }}
- matchExpressions:
    - key: {{ . }}
      operator: Exists
{{- end }}
- matchExpressions:
    - key: nvidia.com/gpu.present
      operator: In
      values: ["true"]
- matchExpressions:
    - key: node.kubernetes.io/instance-type
      operator: In
      values:
        {{- .Files.Get "files/nvidia-instance-types.yaml" | nindent 8 }}
{{- end }}

{{/* Inferentia and Trainium. */}}
{{- define "gpuyield.neuronNodes" -}}
{{- range list "karpenter.k8s.aws/instance-accelerator-count" "eks.amazonaws.com/instance-accelerator-count" }}
- matchExpressions:
    - key: {{ . }}
      operator: Exists
{{- end }}
- matchExpressions:
    - key: node.kubernetes.io/instance-type
      operator: In
      values:
        {{- .Files.Get "files/neuron-instance-types.yaml" | nindent 8 }}
{{- end }}
