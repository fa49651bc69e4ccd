"""What NVIDIA's fault numbers (Xid) mean for the device."""

# Xids after which the EKS node monitoring agent takes the accelerator out of service
# (its list of fatal Xids; meanings in the NVIDIA Xid catalogue).
FATAL_XIDS = (46, 48, 54, 62, 63, 64, 74, 79, 95, 109, 110, 119, 120, 136, 140, 142, 143, 151, 155, 156, 158)
